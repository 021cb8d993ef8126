// Source: Docker's Engine API v1.41 (GET /version, /info, /containers/json, /containers/{id}/json), which Podman serves
// too; moby daemon/info.go (fillSecurityOptions). SPDX-License-Identifier: Apache-2.0
#include "container/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "container/diagnostic_ids.h"
#include "container/engines.h"

namespace callgate::container {

namespace {

constexpr std::size_t kMaxContainers = 10'000;

std::string variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& each : environment)
    if (each.size() > name.size() && each.starts_with(name) && each[name.size()] == '=')
      return each.substr(name.size() + 1);
  return {};
}

class Live {
 public:
  Live(const std::string& socket, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics,
       const HttpLimits& limits)
      : socket_(socket), world_(world), answer_(answer), diagnostics_(diagnostics), limits_(limits) {}
  bool run(const std::vector<std::string>& names);
  std::optional<State> look_up(const std::string& name);

 private:
  std::optional<text::Document> get(const std::string& path);
  bool fail(const std::string& message, std::string help = {}) {
    diagnostics_.add(kBadSocket, {}, fmt::format("engine at '{}': {}", base::printable(socket_, 200), message),
                     std::move(help));
    return false;
  }
  bool take_version();
  bool take_info();
  void take_security(std::string_view option);
  bool take_containers(const std::vector<std::string>& names);

  const std::string& socket_;
  World& world_;
  manifest::Answer& answer_;
  base::Diagnostics& diagnostics_;
  HttpLimits limits_;
  bool podman_ = false;
};

std::optional<text::Document> Live::get(const std::string& path) {
  const auto answer = http_get(socket_, path, limits_);
  if (!answer) {
    fail(answer.error().message, "is the engine running, and may this user use its socket?");
    return std::nullopt;
  }
  if (answer->status != 200) {
    fail(fmt::format("GET {} is answered with status {}", path, answer->status));
    return std::nullopt;
  }
  const base::SourceFile& file = world_.files.keep(fmt::format("{}{}", socket_, path), answer->body);
  base::Diagnostics syntax;
  auto document = text::read_json(file, syntax);
  if (document) return document;
  fail(fmt::format("the answer to GET {} is no JSON", path));
  return std::nullopt;
}

bool Live::take_version() {
  const auto document = get("/version");
  if (!document) return false;
  const text::Node root = document->root();
  const text::Node version = root.is_object() ? root.find("Version") : text::Node();
  if (!version || !version.is_string()) return fail("the answer to GET /version names no version");
  const auto read = read_version(version.text());
  if (!read) return fail(fmt::format("'{}' is no version", base::printable(version.text())));
  // Podman 4 and 5 answer with their own version and call themselves "Podman Engine".
  if (const text::Node components = root.find("Components"); components && components.is_array())
    for (const text::Node each : components)
      if (const text::Node name = each.is_object() ? each.find("Name") : text::Node())
        podman_ = podman_ || name.text() == "Podman Engine";
  (podman_ ? world_.podman.version : world_.daemon.version) = *read;
  return true;
}

void Live::take_security(std::string_view option) {
  constexpr std::string_view kProfile = "profile=";
  if (option == "name=userns") world_.daemon.userns_remap = true;
  if (option == "name=no-new-privileges") world_.daemon.no_new_privileges = true;
  const auto at = option.find(kProfile);
  if (!option.starts_with("name=seccomp") || at == std::string_view::npos) return;
  const std::string profile(option.substr(at + kProfile.size()));
  world_.daemon.seccomp_profile = profile == "default" || profile == "builtin" ? "" : profile;
  if (world_.daemon.seccomp_profile.empty() || profile == "unconfined") return;
  // The daemon read the file when it started; this is what stands there now.
  if (const auto file = world_.files.open(profile, profile)) world_.daemon.seccomp_file = *file;
}

bool Live::take_info() {
  const auto document = get("/info");
  if (!document) return false;
  const text::Node root = document->root();
  if (!root.is_object()) return fail("the answer to GET /info is no object");
  if (const text::Node runtime = root.find("DefaultRuntime"); runtime && runtime.is_string() && !runtime.text().empty())
    world_.daemon.default_runtime = runtime.text();
  if (const text::Node runtimes = root.find("Runtimes"); runtimes && runtimes.is_object()) {
    world_.daemon.runtimes.clear();
    for (const text::Node each : runtimes) {
      const text::Node path = each.is_object() ? each.find("path") : text::Node();
      world_.daemon.runtimes.emplace_back(each.key(), path && path.is_string() ? path.text() : each.key());
    }
  }
  if (const text::Node options = root.find("SecurityOptions"); options && options.is_array())
    for (const text::Node each : options)
      if (each.is_string()) take_security(each.text());
  return true;
}

bool wanted(text::Node container, std::string_view id, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const text::Node given = container.find("Names");
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (!name.empty() && id.starts_with(name)) return true;
    if (!given || !given.is_array()) return false;
    return std::any_of(given.begin(), given.end(), [&](text::Node each) {
      return each.is_string() && (each.text() == name || each.text() == "/" + name);
    });
  });
}

bool Live::take_containers(const std::vector<std::string>& names) {
  const auto document = get("/containers/json");
  if (!document) return false;
  if (!document->root().is_array()) return fail("the answer to GET /containers/json is no list");
  if (document->root().size() > kMaxContainers)
    return fail(fmt::format("{} containers are more than {}", document->root().size(), kMaxContainers));
  for (const text::Node each : document->root()) {
    const text::Node id = each.is_object() ? each.find("Id") : text::Node();
    const bool good = id && id.is_string() && !id.text().empty() &&
                      id.text().find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!good) return fail("a container has no id");
    if (!wanted(each, id.text(), names)) continue;
    const auto container = get(fmt::format("/containers/{}/json", id.text()));
    if (!container) return false;
    resolve_inspected(container->root(), podman_ ? "podman" : "docker", world_, answer_, diagnostics_);
  }
  return true;
}

bool Live::run(const std::vector<std::string>& names) {
  return take_version() && take_info() && take_containers(names);
}

// Nothing that would be another path of the API.
bool is_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                              std::string_view::npos;
}

std::optional<State> Live::look_up(const std::string& name) {
  if (!is_name(name)) {
    fail(fmt::format("'{}' names no container", base::printable(name)));
    return std::nullopt;
  }
  if (!take_version() || !take_info()) return std::nullopt;
  const auto document = get(fmt::format("/containers/{}/json", name));
  if (!document) return std::nullopt;
  resolve_inspected(document->root(), podman_ ? "podman" : "docker", world_, answer_, diagnostics_);
  return read_state(document->root());
}

std::string text_of(text::Node in, std::string_view name) {
  const text::Node node = in && in.is_object() ? in.find(name) : text::Node();
  return node && node.is_string() ? std::string(node.text()) : std::string();
}

}  // namespace

State read_state(text::Node inspected) {
  if (inspected && inspected.is_array() && inspected.size() > 0) inspected = *inspected.begin();
  State out;
  const text::Node state = inspected && inspected.is_object() ? inspected.find("State") : text::Node();
  out.id = text_of(inspected, "Id");
  out.command = text_of(inspected, "Path");
  if (!state || !state.is_object()) return out;
  const auto number = [&](std::string_view name) -> std::int64_t {
    const text::Node node = state.find(name);
    return node ? node.as_i64().value_or(0) : 0;
  };
  out.status = text_of(state, "Status");
  out.error = text_of(state, "Error");
  out.started = text_of(state, "StartedAt");
  out.finished = text_of(state, "FinishedAt");
  out.exit_code = static_cast<int>(number("ExitCode") & 0xffff);
  if (const std::int64_t pid = number("Pid"); pid > 0 && out.status == "running")
    out.pid = static_cast<std::uint64_t>(pid);
  const text::Node memory = state.find("OOMKilled");
  out.out_of_memory = memory && memory.as_bool().value_or(false);
  return out;
}

std::optional<State> look_up(const std::string& socket, const std::string& name, World& world, manifest::Answer& answer,
                             base::Diagnostics& diagnostics, const HttpLimits& limits) {
  return Live(socket, world, answer, diagnostics, limits).look_up(name);
}

std::vector<std::string> usual_sockets(const std::vector<std::string>& environment) {
  std::vector<std::string> out;
  constexpr std::string_view kScheme = "unix://";
  if (const std::string host = variable(environment, "DOCKER_HOST"); host.starts_with(kScheme))
    out.push_back(host.substr(kScheme.size()));
  out.insert(out.end(), {"/var/run/docker.sock", "/run/podman/podman.sock"});
  if (const std::string runtime = variable(environment, "XDG_RUNTIME_DIR"); !runtime.empty()) {
    out.push_back(runtime + "/docker.sock");
    out.push_back(runtime + "/podman/podman.sock");
  }
  return out;
}

bool resolve_live(const std::string& socket, const std::vector<std::string>& names, World& world,
                  manifest::Answer& answer, base::Diagnostics& diagnostics, const HttpLimits& limits) {
  return Live(socket, world, answer, diagnostics, limits).run(names);
}

}  // namespace callgate::container
