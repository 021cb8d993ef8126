// callgate resolve
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/resolve_emit.h"
#include "cli/resolve_filters.h"
#include "container/live.h"
#include "resolve/print.h"
#include "resolve/resolve.h"
#include "resolve/startup.h"

namespace callgate::cli {

namespace {

std::vector<std::string> texts(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

// "28", "27.0", "20.10.24".
std::optional<container::EngineVersion> engine_version(std::string_view text) {
  container::EngineVersion out{0, 0};
  const auto parts = base::split(text, '.');
  const auto number = [](std::string_view part, int& into) {
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), into);
    return failure == std::errc() && end == part.data() + part.size() && into >= 0;
  };
  if (!number(parts[0], out.major) || (parts.size() > 1 && !number(parts[1], out.minor))) return std::nullopt;
  return out;
}

manifest::Machine machine(const format::ReadOptions& reading) {
  manifest::Machine out;
  out.kernel = reading.kernel;
  if (!reading.architectures.empty()) out.native = reading.architectures.front();
  return out;
}

// What the engines' options say, into `world`; the exit status if one is wrong.
int set_daemon(Session& session, container::World& world) {
  const Arguments& given = session.arguments();
  if (const auto version = given.last("docker-version")) {
    const auto read = engine_version(*version);
    if (!read) {
      return session.usage(kBadOptionValue,
                           fmt::format("--docker-version: '{}' is no version", base::printable(*version)),
                           "write it as 28.2");
    }
    world.daemon.version = *read;
    world.docker_cli = *read;
  }
  if (const auto path = given.last("daemon-config")) {
    const auto file = world.files.open(std::string(*path), std::string(*path));
    if (!file) return session.fail({base::ErrorCode::io, file.error().message, file.error().os_errno});
    if (!container::read_daemon_json(**file, world.files, world.daemon, session.diagnostics())) return kBadInput;
  }
  if (const auto version = given.last("podman-version")) {
    const auto read = engine_version(*version);
    if (!read) {
      return session.usage(kBadOptionValue,
                           fmt::format("--podman-version: '{}' is no version", base::printable(*version)),
                           "write it as 5.4");
    }
    world.podman.version = *read;
  }
  if (const auto path = given.last("podman-default")) {
    const auto file = world.files.open(std::string(*path), std::string(*path));
    if (!file) return session.fail({base::ErrorCode::io, file.error().message, file.error().os_errno});
    world.podman.seccomp_profile = std::string(*path);
    world.podman.seccomp_file = *file;
  }
  if (const auto runtime = given.last("runtime")) world.daemon.default_runtime = world.podman.runtime = *runtime;
  return kYes;
}

// The socket that --host names, else the first of the usual ones that is there; empty (diagnosed) if none is.
std::string socket_of(Session& session) {
  constexpr std::string_view kScheme = "unix://";
  if (const auto host = session.arguments().last("host")) {
    if (host->starts_with(kScheme)) return std::string(host->substr(kScheme.size()));
    if (host->starts_with('/')) return std::string(*host);
    session.usage(kBadOptionValue, fmt::format("--host: '{}' is no unix socket", base::printable(*host)),
                  "write it as unix:///run/docker.sock; callgate opens no network connection");
    return {};
  }
  std::error_code ignored;
  const std::vector<std::string> usual = container::usual_sockets(session.env().environment);
  for (const std::string& each : usual)
    if (std::filesystem::is_socket(each, ignored)) return each;
  session.diagnostics().add(kUnsupported, {},
                            fmt::format("no engine listens here: none of {} is a socket", fmt::join(usual, ", ")),
                            "name it with --host unix:///run/docker.sock");
  return {};
}

bool is_live(const Arguments& given) {
  return given.has("container") || given.has("all");
}

int resolve_running(Session& session, container::World& world, manifest::Answer& answer) {
  const Arguments& given = session.arguments();
  if (!given.operands.empty())
    return session.usage(kBadOperands, "running containers and files cannot be asked for together");
  const std::string socket = socket_of(session);
  if (socket.empty()) return given.has("host") ? kUsage : kCannot;
  const auto names = given.has("all") ? std::vector<std::string>() : texts(given.all("container"));
  return container::resolve_live(socket, names, world, answer, session.diagnostics()) ? kYes : kCannot;
}

resolve::Options options_of(const Arguments& given) {
  resolve::Options out;
  out.compose.files = texts(given.all("file"));
  out.compose.project_directory = given.last("project-directory").value_or("");
  out.compose.project_name = given.last("project-name").value_or("");
  out.compose.profiles = texts(given.all("profile"));
  out.compose.env_files = texts(given.all("env-file"));
  return out;
}

// NAME=LEVEL or NAME=LEVEL:VERSION, enforced and warned of as by a namespace's labels.
bool read_namespace_levels(Session& session, kube::Cluster& cluster) {
  for (const std::string_view text : session.arguments().all("pod-security")) {
    const std::size_t equals = text.find('='), colon = text.find(':', equals == std::string_view::npos ? 0 : equals);
    const auto level =
        equals == std::string_view::npos
            ? std::nullopt
            : kube::find_level(text.substr(equals + 1, colon == std::string_view::npos ? colon : colon - equals - 1));
    const auto versioned =
        level ? kube::with_version(*level, colon == std::string_view::npos ? "latest" : text.substr(colon + 1))
              : std::nullopt;
    if (!versioned) {
      session.usage(kBadOptionValue, fmt::format("--pod-security: '{}' names no level", base::printable(text)),
                    "write it as web=restricted or web=baseline:v1.30");
      return false;
    }
    cluster.namespaces[std::string(text.substr(0, equals))] = {*versioned, {}, *versioned};
  }
  return true;
}

// What is said of the cluster and its nodes. Nothing if an option is wrong (diagnosed).
std::optional<kube::Options> kube_options(Session& session) {
  const Arguments& given = session.arguments();
  kube::Options out;
  const auto validation = given.last("field-validation").value_or("strict");
  out.cluster.field_validation = validation == "strict" ? kube::FieldValidation::strict
                                 : validation == "warn" ? kube::FieldValidation::warn
                                                        : kube::FieldValidation::ignore;
  out.cluster.default_namespace = given.last("namespace").value_or("default");
  if (!read_namespace_levels(session, out.cluster)) return std::nullopt;
  for (const std::string_view each : given.all("runtime-class")) {
    const std::size_t equals = each.find('=');
    out.cluster.runtime_classes.insert_or_assign(
        std::string(each.substr(0, equals)),
        std::string(equals == std::string_view::npos ? each : each.substr(equals + 1)));
  }
  out.engine = given.last("engine").value_or("");
  out.containerd_release = given.last("containerd-release").value_or("");
  out.engine_configs = texts(given.all("engine-config"));
  out.kubelet_config = given.last("kubelet-config").value_or("");
  out.seccomp_default = given.has("seccomp-default");
  out.seccomp_root = given.last("seccomp-root").value_or("");
  out.sandboxes = given.has("sandboxes");
  return out;
}

// False where something could not be read at all.
bool resolve_files(Session& session, container::World& world, manifest::Answer& answer) {
  const std::vector<std::string>& operands = session.arguments().operands;
  resolve::Options options = options_of(session.arguments());
  const auto kube = kube_options(session);
  if (!kube) return false;
  options.kube = *kube;
  if (!operands.empty() && resolve::is_command(operands))
    return resolve::resolve_command(operands, world, answer, session.diagnostics());
  if (operands.empty()) {
    resolve::resolve_project(options, world, answer, session.diagnostics());
    return true;
  }
  return resolve::resolve_paths(operands, options, world, answer, session.diagnostics());
}

bool print(Session& session, const manifest::Answer& answer, resolve::Summaries& summaries) {
  if (session.json()) {
    auto json = session.begin_json();
    resolve::to_json(answer, summaries, json);
    json.end_object();
    return session.emit(json.take());
  }
  const char* const no_color = session.env().variable("NO_COLOR");
  const bool terminal = session.env().out_is_terminal && !session.arguments().has("output");
  const auto format = session.arguments().last("format").value_or(terminal ? "tree" : "text");
  return session.emit(resolve::to_text(answer, summaries,
                                       format == "tree" ? resolve::Shape::tree : resolve::Shape::list,
                                       terminal && (no_color == nullptr || *no_color == '\0')));
}

int resolve_command(Session& session) {
  const auto reading = read_options(session);
  if (!reading) return kUsage;
  if (session.arguments().has("emit")) return emit_deployment(session, *reading);
  std::error_code failure;
  const std::filesystem::path here = std::filesystem::current_path(failure);
  if (failure)
    return session.fail(
        {base::ErrorCode::io, "cannot tell the working directory: " + failure.message(), failure.value()});
  // What was found points into the files.
  const auto kept = std::make_shared<manifest::Files>(here.string(), session.env().stdin_fd);
  session.keep_alive(kept);
  manifest::Files& files = *kept;
  manifest::Filters filters(machine(*reading));
  container::World world{.files = files, .filters = filters, .environment = session.env().environment};
  if (const int status = set_daemon(session, world); status != kYes) return status;
  manifest::Answer answer;
  const int status = is_live(session.arguments())            ? resolve_running(session, world, answer)
                     : resolve_files(session, world, answer) ? kYes
                                                             : kBadInput;
  if (status == kUsage || status == kCannot) return status;
  resolve::add_startup_hazards(answer);
  if (const auto directory = session.arguments().last("filters"))
    if (const int written = write_filters(session, answer, std::string(*directory)); written != kYes) return written;
  resolve::Summaries summaries(filters);
  if (!print(session, answer, summaries) || status != kYes || session.diagnostics().has_errors()) return kBadInput;
  return answer.refused() ? kNo : kYes;
}

constexpr std::array<Operand, 1> kOperands{
    {{"FILE",
      "a Kubernetes manifest, a Compose file, a script or CI file that holds command lines, the output of `docker "
      "inspect`, '-' for standard "
      "input, the directory of a Compose project; or, behind '--', a command line of docker, podman, nerdctl or docker "
      "compose. Without any, the Compose project of the working directory",
      false, true}}};
constexpr auto kOptions =
    std::array<Option, 29>{{
        {"file", 'f', "FILE", "a Compose file; several are laid over each other, as by docker compose", "", true},
        {"project-directory", 0, "DIR", "where a Compose project's paths start (its first file's directory)", ""},
        {"project-name", 'p', "NAME", "the Compose project's name", ""},
        {"profile", 0, "NAME", "enable this profile of the Compose project; may be repeated. With --emit: the file", "",
         true},
        {"emit", 0, "KIND", "write how the seccomp profile that --profile names is deployed, and resolve nothing",
         "docker,compose,k8s"},
        {"engine", 0, "ENGINE", "the nodes' engine (what the kubelet's configuration names, else containerd)",
         "containerd,cri-o,cri-dockerd,podman-kube"},
        {"engine-config", 0, "FILE", "its config.toml or crio.conf, or a directory of drop-ins; later ones count", "",
         true},
        {"containerd-release", 0, "X.Y", "whose default profile containerd has (the newest if not given)",
         "1.6,1.7,2.0,2.3"},
        {"kubelet-config", 0, "FILE", "the nodes' KubeletConfiguration", ""},
        {"seccomp-default", 0, "", "the kubelets run with --seccomp-default", ""},
        {"seccomp-root", 0, "DIR",
         "a copy of the nodes' /var/lib/kubelet/seccomp, in which Localhost profiles are opened", ""},
        {"field-validation", 0, "HOW",
         "of unknown and repeated fields: strict as by kubectl (if not given), warn, ignore", "strict,warn,ignore"},
        {"namespace", 'n', "NAME", "the namespace of objects that name none (default if not given)", ""},
        {"pod-security", 0, "NS=LEVEL[:VERSION]", "a namespace's Pod Security level; may be repeated", "", true},
        {"runtime-class", 0, "NAME[=HANDLER]",
         "a RuntimeClass that the cluster has; with --emit k8s: the one to deploy it with; may be repeated", "", true},
        {"sandboxes", 0, "", "tell of the Pods' own sandboxes too", ""},
        {"env-file", 0, "FILE", "variables for the Compose project, instead of its .env; may be repeated", "", true},
        {"container", 'c', "ID", "tell of this running container, by name or id; may be repeated", "", true},
        {"all", 'a', "", "tell of every running container", ""},
        {"host", 'H', "SOCKET", "the engine's socket, unix:///run/docker.sock (where engines listen if not given)", ""},
        {"daemon-config", 0, "FILE", "dockerd's daemon.json: its default profile, runtimes, and what else counts", ""},
        {"docker-version", 0, "X.Y", "Docker's version: command and daemon (28.2 if not given)", ""},
        {"podman-version", 0, "X.Y", "Podman's version (5.4 if not given)", ""},
        {"podman-default", 0, "FILE",
         "Podman's default profile on that machine, /usr/share/containers/seccomp.json (its built-in one if not given)",
         ""},
        {"runtime", 0, "NAME", "the engine's default runtime: runc or crun (Docker's runc, Podman's crun if not given)",
         ""},
        {"filters", 0, "DIR", "write each container's filter to DIR/NAME.bpf, proved: for disasm, prove and diff", ""},
        {"arch", 0, "ARCH", "the machine's architecture, if it is not this one", ""},
        {"kernel", 0, "X.Y", "the kernel version that minKernel rules see (6.18 if not given)", ""},
        {"format", 0, "FORMAT", "print a list, a tree (on terminals if not given) or json", "text,tree,json"},
    }} +
    kOutput;
constexpr std::array<Example, 7> kExamples{{
    {"callgate resolve -- docker run --security-opt seccomp=profile.json alpine",
     "Which filter a container would run under."},
    {"callgate resolve -- docker run --privileged --security-opt seccomp=profile.json alpine",
     "And which one with --privileged."},
    {"callgate resolve pod.yaml --engine cri-o --seccomp-root node/",
     "What Kubernetes makes of a manifest, and its Localhost profiles on CRI-O."},
    {"callgate resolve -f compose.yaml", "The same for every service of a Compose project."},
    {"callgate resolve -f compose.yaml --format json", "As JSON, with every step that led there."},
    {"callgate resolve --emit compose --profile profile.json", "How a profile is put into a Compose file."},
    {"callgate resolve --emit k8s --profile profile.json --engine cri-o --runtime-class web",
     "A RuntimeClass that really carries a profile, and a Pod that uses it."},
}};

}  // namespace

extern const Command kResolveCommand{
    "resolve",
    "tell which filter is really in force for every container",
    "Reads what containers are made from as its engine reads it and tells for each container which seccomp filter it "
    "will run under, every step that led there with its place, what stands in the file and has no effect, and what "
    "would be refused: by whom, in that program's own words. The last line of each container holds the filter against "
    "Docker's default.\n\n"
    "Nothing is started, and no engine is asked but for --container and --all. Files are told apart by their content.",
    kOperands,
    kOptions,
    kExamples,
    "0 every container would run; 1 something would be refused; 3 a file cannot be read",
    false,
    resolve_command};

}  // namespace callgate::cli
