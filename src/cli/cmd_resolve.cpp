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
#include "cli/surroundings.h"
#include "container/live.h"
#include "resolve/print.h"
#include "resolve/resolve.h"
#include "resolve/startup.h"

namespace callgate::cli {

namespace {

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

// False where something could not be read at all.
bool resolve_files(Session& session, container::World& world, manifest::Answer& answer) {
  const std::vector<std::string>& operands = session.arguments().operands;
  const auto options = surroundings(session);
  if (!options) return false;
  if (!operands.empty() && resolve::is_command(operands))
    return resolve::resolve_command(operands, world, answer, session.diagnostics());
  if (operands.empty()) return resolve::resolve_project(*options, world, answer, session.diagnostics());
  return resolve::resolve_paths(operands, *options, world, answer, session.diagnostics());
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
  if (const int status = set_engines(session, world); status != kYes) return status;
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
    std::array<Option, 14>{{
        {"file", 'f', "FILE",
         "a Compose file (several are laid over each other, as by docker compose), or a manifest as for kubectl", "",
         true},
        {"project-directory", 0, "DIR", "where a Compose project's paths start (its first file's directory)", ""},
        {"project-name", 'p', "NAME", "the Compose project's name", ""},
        {"profile", 0, "NAME", "enable this profile of the Compose project; may be repeated. With --emit: the file", "",
         true},
        {"emit", 0, "KIND", "write how the seccomp profile that --profile names is deployed, and resolve nothing",
         "docker,compose,k8s"},
        {"sandboxes", 0, "", "tell of the Pods' own sandboxes too", ""},
        {"env-file", 0, "FILE", "variables for the Compose project, instead of its .env; may be repeated", "", true},
        {"container", 'c', "ID", "tell of this running container, by name or id; may be repeated", "", true},
        {"all", 'a', "", "tell of every running container", ""},
        {"host", 'H', "SOCKET", "the engine's socket, unix:///run/docker.sock (where engines listen if not given)", ""},
        {"filters", 0, "DIR", "write each container's filter to DIR/NAME.bpf, proved: for disasm, prove and diff", ""},
        {"arch", 0, "ARCH", "the machine's architecture, if it is not this one", ""},
        {"kernel", 0, "X.Y", "the kernel version that minKernel rules see (6.18 if not given)", ""},
        {"format", 0, "FORMAT", "print a list, a tree (on terminals if not given) or json", "text,tree,json"},
    }} +
    kClusterOptions + kEngineOptions + kOutput;
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
