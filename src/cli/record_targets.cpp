// SPDX-License-Identifier: Apache-2.0
#include "cli/record_targets.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/record_talk.h"
#include "cli/surroundings.h"
#include "compose/compose.h"
#include "container/live.h"
#include "record/diagnostic_ids.h"
#include "record/running.h"

namespace callgate::cli {

namespace fs = std::filesystem;

namespace {

using container::Found;
using record::AttachRequest;
using record::Target;

std::optional<std::uint64_t> number_of(Session& session, std::string_view option, std::string_view text,
                                       std::uint64_t most) {
  const auto number = base::parse_u64(text);
  if (number && *number > 0 && *number <= most) return number;
  session.usage(kBadOptionValue,
                fmt::format("--{}: '{}' is no number from 1 to {}", option, base::printable(text), most));
  return std::nullopt;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && !name.starts_with('.') && name.find_first_not_of(kLetters) == std::string_view::npos;
}

void merge(Target& into, Target more) {
  const auto add = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(into.processes, more.processes);
  add(into.starting, more.starting);
  add(into.cgroup_names, more.cgroup_names);
  if (!into.container) into.container = std::move(more.container);
}

// Finds what it was asked for, or says why not.
class Requests {
 public:
  Requests(Session& session, int& status) : session_(session), arguments_(session.arguments()), status_(status) {}
  std::optional<std::vector<AttachRequest>> make();

 private:
  bool add_processes(AttachRequest& request);
  bool add_unit(AttachRequest& request);
  bool add_container(AttachRequest& request);
  bool add_project(const AttachRequest& common, std::vector<AttachRequest>& out);
  bool find_project_name(std::string& project, std::vector<std::string>& services);
  bool nothing_there(std::string message, std::string help = {}) {
    session_.diagnostics().add(record::kNothingThere, {}, std::move(message), std::move(help));
    status_ = sandbox::kExitOwnFailure;
    return false;
  }

  Session& session_;
  const Arguments& arguments_;
  int& status_;
};

bool Requests::add_processes(AttachRequest& request) {
  constexpr std::uint64_t kMostPid = 1U << 22;
  for (const std::string_view word : arguments_.all("pid")) {
    const auto pid = number_of(session_, "pid", word, kMostPid);
    if (!pid) return false;
    request.target.processes.push_back(static_cast<pid_t>(*pid));
    request.what.push_back(fmt::format("pid:{}", *pid));
  }
  if (const auto cgroup = arguments_.last("cgroup")) {
    request.target.cgroup = *cgroup;
    request.what.push_back("cgroup:" + request.target.cgroup);
  }
  return true;
}

bool Requests::add_unit(AttachRequest& request) {
  const auto given = arguments_.last("unit");
  if (!given) return true;
  std::string unit(*given);
  if (unit.find('.') == std::string::npos) unit += ".service";
  request.target.cgroup = record::cgroup_of_unit(unit);
  request.what.push_back("unit:" + unit);
  if (!request.target.cgroup.empty()) return true;
  struct stat status{};
  const bool systemd = stat("/run/systemd/system", &status) == 0;
  return nothing_there(
      fmt::format("no cgroup of version 2 is called '{}'{}", base::printable(unit),
                  systemd ? "" : ", and this system was not started by systemd"),
      systemd ? fmt::format("is it active? systemctl start {}", base::printable(unit)) : std::string());
}

bool Requests::add_container(AttachRequest& request) {
  const auto given = arguments_.last("container");
  if (!given) return true;
  const std::string name(*given);
  if (!is_name(name)) {
    session_.usage(kBadOptionValue, fmt::format("--container: '{}' names no container", base::printable(name)));
    return false;
  }
  const auto search = std::make_shared<ContainerSearch>(session_);
  session_.keep_alive(search);
  const auto found = search->find(name);
  if (search->failure) {
    session_.fail(*search->failure);
    status_ = sandbox::kExitOwnFailure;
    return false;
  }
  request.what.push_back("container:" + (found ? found->name : name));
  if (!found && !arguments_.has("wait"))
    return nothing_there(fmt::format("no engine knows a container '{}'", base::printable(name)),
                         "--wait waits until it is there; --host and --runtime-root say where else to look");
  // runc, crun and ctr are told the id, so its cgroup can be known before anybody knows the container.
  request.target.cgroup_names = record::cgroup_names_of_container(found ? found->id : name);
  request.target.container.emplace().id = name;
  request.look = [search, name]() -> std::optional<Target> {
    const auto now = search->find(name);
    return now ? std::optional(target_of(*now)) : std::nullopt;
  };
  return true;
}

bool Requests::find_project_name(std::string& project, std::vector<std::string>& services) {
  project = arguments_.last("project-name").value_or("");
  if (!project.empty() && arguments_.all("file").empty()) return true;
  compose::Options options;
  options.project_name = project;
  options.files = texts(arguments_.all("file"));
  std::error_code failure;
  const fs::path here = fs::current_path(failure);
  manifest::Files files(failure ? std::string("/") : here.string(), session_.env().stdin_fd);
  manifest::Filters filters(machine({}));
  container::World world{.files = files, .filters = filters, .environment = session_.env().environment};
  base::Diagnostics diagnostics;
  const auto names = compose::name_project(options, world, diagnostics);
  // Printed here: what they point into ends with this function. Warnings are resolve's to tell.
  if (!names) {
    print_diagnostics(session_.env(), diagnostics, session_.json());
    status_ = kBadInput;
    return false;
  }
  project = names->name;
  services = names->services;
  return true;
}

bool Requests::add_project(const AttachRequest& common, std::vector<AttachRequest>& out) {
  std::string project;
  std::vector<std::string> services;
  if (!find_project_name(project, services)) return false;
  const std::string socket = socket_of(session_);
  if (socket.empty()) {
    status_ = arguments_.has("host") ? kUsage : sandbox::kExitOwnFailure;
    return false;
  }
  const auto containers = container::find_project(socket, project);
  if (!containers) {
    session_.fail(containers.error());
    status_ = sandbox::kExitOwnFailure;
    return false;
  }
  if (!arguments_.has("wait")) services.clear();
  for (const Found& each : *containers) services.push_back(each.service);
  std::ranges::sort(services);
  services.erase(std::unique(services.begin(), services.end()), services.end());
  if (services.empty())
    return nothing_there(fmt::format("project '{}' has no containers", base::printable(project)),
                         "--wait waits until they are there; -p names another project");
  for (const std::string& service : services) {
    AttachRequest request = common;
    request.what = {fmt::format("service:{}/{}", project, service)};
    request.grows = true;
    request.look = [socket, project, service]() -> std::optional<Target> {
      const auto now = container::find_project(socket, project);
      std::optional<Target> target;
      for (const Found& each : now ? *now : std::vector<Found>()) {
        if (each.service != service) continue;
        if (!target) target.emplace();
        merge(*target, target_of(each));
      }
      return target;
    };
    out.push_back(std::move(request));
  }
  return true;
}

std::optional<std::vector<AttachRequest>> Requests::make() {
  AttachRequest request;
  status_ = kUsage;
  if (const auto limit = arguments_.last("for")) {
    constexpr std::uint64_t kDay = 86400;
    const auto seconds = number_of(session_, "for", *limit, kDay);
    if (!seconds) return std::nullopt;
    request.limit = std::chrono::seconds(*seconds);
  }
  request.keep = keep_of(arguments_);
  request.tool = CALLGATE_VERSION;
  std::vector<AttachRequest> out;
  if (arguments_.has("compose")) {
    if (!add_project(request, out)) return std::nullopt;
  } else {
    if (!add_processes(request) || !add_unit(request) || !add_container(request)) return std::nullopt;
    out.push_back(std::move(request));
  }
  for (AttachRequest& each : out) {
    const std::string label = out.size() > 1 ? each.what.front() : std::string();
    each.on_pulse = pulse_lines(session_, label);
    each.on_ready = ready_line(session_, each.what.front());
  }
  status_ = kYes;
  return out;
}

}  // namespace

record::Method method_of(const Arguments& arguments) {
  const auto word = arguments.last("method").value_or("auto");
  return word == "ebpf" ? record::Method::ebpf : word == "ptrace" ? record::Method::ptrace : record::Method::automatic;
}

bool names_target(const Arguments& arguments) {
  constexpr std::array<std::string_view, 5> kOptions{"pid", "cgroup", "unit", "container", "compose"};
  return std::ranges::any_of(kOptions, [&](std::string_view name) { return arguments.has(name); });
}

std::optional<std::vector<AttachRequest>> attach_requests(Session& session, int& status) {
  return Requests(session, status).make();
}

Target target_of(const Found& found) {
  Target out;
  out.container = recording::Container{found.engine,       found.id,      found.name,    found.image, found.image_id,
                                       found.image_digest, found.project, found.service, std::nullopt};
  out.cgroup_names = record::cgroup_names_of_container(found.id);
  if (found.stage == container::Stage::running)
    out.processes = record::processes_of_container(found.pid, out.cgroup_names);
  if (found.stage == container::Stage::starting) out.starting = {found.pid};
  return out;
}

ContainerSearch::ContainerSearch(Session& session)
    : roots_(texts(session.arguments().all("runtime-root"))), environment_(session.env().environment) {
  if (session.arguments().has("host")) named_ = socket_of(session);
  std::error_code ignored;
  for (const std::string& each : container::usual_sockets(environment_))
    if (fs::is_socket(each, ignored)) sockets_.push_back(each);
}

std::optional<Found> ContainerSearch::find(const std::string& name) {
  if (!named_.empty()) {
    const auto found = container::find_at_engine(named_, name);
    if (found) return *found;
    failure = base::Error{found.error().code, fmt::format("engine at '{}': {}", named_, found.error().message)};
    return std::nullopt;
  }
  if (auto found = container::find_in_state(roots_, name)) return found;
  for (const std::string& socket : sockets_)
    if (const auto found = container::find_at_engine(socket, name); found && *found) return *found;
  if (auto found = container::find_in_state(container::usual_state_roots(environment_), name)) {
    // Podman's containers have names and images that its runtime is not told.
    if (auto named = container::find_by_podman(name)) return named;
    return found;
  }
  return container::find_by_podman(name);
}

}  // namespace callgate::cli
