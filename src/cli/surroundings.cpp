// SPDX-License-Identifier: Apache-2.0
#include "cli/surroundings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "container/live.h"

namespace callgate::cli {

std::vector<std::string> texts(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

manifest::Machine machine(const format::ReadOptions& reading) {
  manifest::Machine out;
  out.kernel = reading.kernel;
  out.native = reading.native;
  if (!reading.architectures.empty()) out.native = reading.architectures.front();
  return out;
}

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

// What the engines' options say, into `world`; the exit status if one is wrong.
int set_engines(Session& session, container::World& world) {
  const Arguments& given = session.arguments();
  if (const auto version = given.last("docker-version")) {
    const auto read = container::read_version(*version);
    if (!read) {
      return session.usage(kBadOptionValue,
                           fmt::format("--docker-version: '{}' is no version", base::printable(*version)),
                           "write it as 28.2.2; 28.2 is the last 28.2");
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
    const auto read = container::read_version(*version);
    if (!read) {
      return session.usage(kBadOptionValue,
                           fmt::format("--podman-version: '{}' is no version", base::printable(*version)),
                           "write it as 5.4.2; 5.4 is the last 5.4");
    }
    world.podman.version = *read;
  }
  if (const auto path = given.last("podman-default")) {
    const auto file = world.files.open(std::string(*path), std::string(*path));
    if (!file) return session.fail({base::ErrorCode::io, file.error().message, file.error().os_errno});
    world.podman.default_path = std::string(*path);
    world.podman.default_file = *file;
  }
  for (const std::string_view path : given.all("containers-conf")) {
    const bool directory = manifest::names_in(std::string(path)).has_value();
    for (const std::string& each : manifest::files_at(std::string(path))) {
      if (directory && !each.ends_with(".conf")) continue;
      const auto file = world.files.open(each, each);
      if (!file) return session.fail({base::ErrorCode::io, file.error().message, file.error().os_errno});
      if (!container::read_containers_conf(**file, world.podman, session.diagnostics())) return kBadInput;
    }
  }
  if (const auto runtime = given.last("runtime")) world.daemon.default_runtime = world.podman.runtime = *runtime;
  return kYes;
}

namespace {

compose::Options compose_options(const Arguments& given) {
  compose::Options out;
  out.files = texts(given.all("file"));
  out.project_directory = given.last("project-directory").value_or("");
  out.project_name = given.last("project-name").value_or("");
  out.profiles = texts(given.all("profile"));
  out.env_files = texts(given.all("env-file"));
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

}  // namespace

std::optional<resolve::Options> surroundings(Session& session) {
  auto kube = kube_options(session);
  if (!kube) return std::nullopt;
  return resolve::Options{compose_options(session.arguments()), std::move(*kube)};
}

}  // namespace callgate::cli
