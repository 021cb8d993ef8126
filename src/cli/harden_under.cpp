// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_under.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/input.h"
#include "cli/record_targets.h"
#include "cli/surroundings.h"
#include "container/find.h"
#include "container/live.h"
#include "prove/decompile.h"

namespace callgate::cli {

namespace {

// What a container was made of, as its engine tells it. The findings on the way are resolve's to tell.
class Asking {
 public:
  explicit Asking(Session& session)
      : files_(here(), session.env().stdin_fd),
        filters_(machine({})),
        world_{.files = files_, .filters = filters_, .environment = session.env().environment} {}

  std::optional<Confined> at_socket(const std::string& socket, const std::string& id) {
    return container::look_up(socket, id, world_, answer_, ignored_) ? taken() : std::nullopt;
  }
  // Podman has no daemon that would have to be asked.
  std::optional<Confined> of_podman(const std::string& id) {
    const auto text = container::inspect_by_podman(id);
    if (!text) return std::nullopt;
    const auto document = text::read_json(files_.keep("podman inspect", *text), ignored_);
    if (!document || !container::looks_like_inspect(document->root())) return std::nullopt;
    container::resolve_inspect(document->root(), world_, answer_, ignored_);
    return taken();
  }

 private:
  static std::string here() {
    std::error_code failure;
    const std::filesystem::path path = std::filesystem::current_path(failure);
    return failure ? "/" : path.string();
  }

  std::optional<Confined> taken() {
    if (answer_.containers.empty()) return std::nullopt;
    const manifest::Container& container = answer_.containers.front();
    Confined out;
    out.engine = container.engine;
    out.reading.as = format::find_engine(container.engine).value_or(format::Engine::docker);
    out.reading.capabilities = container.capabilities;
    if (container.choice.filter && container.choice.filter->profile.confined)
      out.policy = container.choice.filter->profile.policy;
    return out;
  }

  manifest::Files files_;
  manifest::Filters filters_;
  container::World world_;
  manifest::Answer answer_;
  base::Diagnostics ignored_;
};

// What is in force on its first process.
std::optional<policy::Policy> look_at_process(Session& session, pid_t pid) {
  const base::Diagnostics before = session.diagnostics();
  int status = kYes;
  const auto stack = read_process(session, fmt::format("pid:{}", pid), status);
  session.diagnostics() = before;
  if (!stack || stack->empty()) return std::nullopt;
  auto policy = prove::decompile(*stack);
  return policy ? std::optional(std::move(*policy)) : std::nullopt;
}

// Whether the profile, read by that engine, is what is in force: by its usual runtime or another one, for they differ
// in what they answer to calls that are newer than a profile.
bool comes_of(Session& session, const std::string& path, const Confined& confined) {
  format::ReadOptions reading = confined.reading;
  for (const std::optional<format::Runtime> runtime :
       {reading.runtime, std::optional(format::Runtime::runc), std::optional(format::Runtime::crun)}) {
    reading.runtime = runtime;
    int status = kYes;
    const auto subject = load(session, path, reading, status);
    if (subject && subject->is_policy && !policy::first_difference(subject->profile.policy, *confined.policy))
      return true;
  }
  return false;
}

std::optional<container::Found> find(Session& session, const Service& service, std::string& socket) {
  if (service.project.empty()) {
    ContainerSearch search(session);
    socket = search.socket();
    return search.find(service.name);
  }
  socket = socket_of(session);
  const auto all = socket.empty() ? base::Result<std::vector<container::Found>>(std::vector<container::Found>())
                                  : container::find_project(socket, service.project);
  for (const container::Found& each : all ? *all : std::vector<container::Found>())
    if (each.service == service.name) return each;
  return std::nullopt;
}

}  // namespace

std::string_view name(Under under) {
  return under == Under::trial ? "trial" : under == Under::profile ? "profile" : "other";
}

std::string_view words(Under under) {
  switch (under) {
    case Under::trial:
      return "runs under trial.json, or will: what is new is looked for";
    case Under::profile:
      return "runs under profile.json, or will: what is denied is looked for";
    case Under::other:
      break;
  }
  return "runs under neither profile: this is one more recording";
}

Service Service::of(const std::string& what, const std::string& name) {
  const std::size_t begin = what.find(':') + 1;
  return {what.substr(begin, what.find('/') - begin), name};
}

std::optional<Confined> find_confined(Session& session, const Service& service) {
  std::string socket;
  const auto found = find(session, service, socket);
  if (!found) return std::nullopt;
  std::optional<Confined> out;
  std::vector<std::string> sockets{socket};
  if (socket.empty()) sockets = container::usual_sockets(session.env().environment);
  std::error_code ignored;
  for (const std::string& each : sockets)
    if (!out && !each.empty() && std::filesystem::is_socket(each, ignored))
      out = Asking(session).at_socket(each, found->id);
  if (!out && found->engine == "podman") out = Asking(session).of_podman(found->id);
  if (!out) {
    out.emplace();
    out->reading.as = format::find_engine(found->engine).value_or(format::Engine::oci);
    if (found->stage == container::Stage::running) out->policy = look_at_process(session, found->pid);
  }
  out->engine = found->engine;
  out->image_id = found->image_id;
  return out;
}

Under which(Session& session, const HardenDir& dir, const Confined& confined) {
  if (!confined.policy) return Under::other;
  const base::Diagnostics before = session.diagnostics();
  Under out = Under::other;
  std::error_code error;
  for (const Under each : {Under::profile, Under::trial}) {
    const std::string path = dir.file(each == Under::trial ? "trial.json" : "profile.json");
    if (std::filesystem::exists(path, error) && comes_of(session, path, confined)) out = each;
  }
  session.diagnostics() = before;
  return out;
}

}  // namespace callgate::cli
