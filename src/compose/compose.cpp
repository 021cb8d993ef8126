// SPDX-License-Identifier: Apache-2.0
#include "compose/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compose/diagnostic_ids.h"
#include "compose/project.h"
#include "compose/services.h"

namespace callgate::compose {
namespace {

using manifest::Step;

std::string home_of(const std::vector<std::string>& environment) {
  for (const std::string& line : environment)
    if (line.starts_with("HOME=")) return line.substr(5);
  return {};
}

// A refusal of the whole project: nothing is created.
void refuse_project(const Refusal& refusal, const std::string& name, manifest::Answer& answer,
                    base::Diagnostics& diagnostics) {
  if (refusal.is_limit && !diagnostics.has_errors()) diagnostics.add(kProjectLimit, refusal.place, refusal.message);
  manifest::Object object;
  object.kind = "Compose project";
  object.name = name;
  object.source = refusal.place;
  object.outcome = manifest::Outcome::refused;
  object.refused_by = refusal.is_limit ? manifest::Party::nobody : manifest::Party::compose;
  object.message = refusal.message;
  answer.objects.push_back(std::move(object));
}

void add_disabled(const Project& project, manifest::Answer& answer) {
  for (const Project::Disabled& off : project.disabled) {
    if (off.profiles.empty()) continue;  // not selected by name
    manifest::Object object;
    object.kind = "service";
    object.name = off.name;
    object.source = off.place;
    object.steps.push_back(
        {Step::Kind::fact,
         fmt::format("not created: none of its profiles ({}) is enabled", fmt::join(off.profiles, ", ")), off.place});
    answer.objects.push_back(std::move(object));
  }
}

void decide_all(const Project& project, Loader& loader, const Options& options, const OneOff* one_off,
                container::World& world, manifest::Answer& answer, base::Diagnostics& diagnostics) {
  auto requests = requests_of(project, loader, options, one_off);
  if (!requests) return refuse_project(requests.error(), project.name, answer, diagnostics);
  for (ServiceRequest& each : *requests) {
    if (each.refused) {
      manifest::Container container;
      container.name = each.request.name;
      container.owner = each.request.owner;
      container.source = each.request.source;
      container.engine = "docker";
      container.outcome = manifest::Outcome::refused;
      container.refused_by = manifest::Party::compose;
      container.message = each.refused->message;
      container.privileged = each.request.privileged;
      container.steps = std::move(each.request.steps);
      container.steps.push_back(
          {Step::Kind::fact, "docker compose stops here: " + each.refused->message, each.refused->place});
      answer.containers.push_back(std::move(container));
      continue;
    }
    answer.containers.push_back(container::decide(each.request, world.daemon, world.filters));
  }
  add_disabled(project, answer);
}

void resolve(const Options& options, const OneOff* one_off, container::World& world, manifest::Answer& answer,
             base::Diagnostics& diagnostics) {
  Loader loader(world.files, home_of(world.environment), diagnostics);
  auto project = load_project(options, world.environment, world.files, loader, diagnostics);
  if (!project) return refuse_project(project.error(), options.project_name, answer, diagnostics);
  decide_all(*project, loader, options, one_off, world, answer, diagnostics);
}

}  // namespace

bool looks_like_compose(text::Node root) {
  if (!root || !root.is_object()) return false;
  if (root.find("apiVersion") && root.find("kind")) return false;
  if (const text::Node services = root.find("services"); services && services.is_object()) return true;
  if (const text::Node include = root.find("include"); include && include.is_array()) return true;
  // Compose 1 before its version 2: services at the top.
  for (const text::Node member : root)
    if (member.is_object() && (member.find("image") || member.find("build")) &&
        (member.find("security_opt") || member.find("ports") || member.find("volumes") || member.find("command")))
      return true;
  return false;
}

void resolve_project(const Options& options, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics) {
  resolve(options, nullptr, world, answer, diagnostics);
}

std::optional<ProjectNames> name_project(const Options& options, container::World& world,
                                         base::Diagnostics& diagnostics) {
  Loader loader(world.files, home_of(world.environment), diagnostics);
  const auto project = load_project(options, world.environment, world.files, loader, diagnostics);
  if (!project) {
    diagnostics.add(kNotLoaded, project.error().place, project.error().message);
    return std::nullopt;
  }
  ProjectNames out{project->name, {}};
  if (const Value* const services = project->model.find("services"))
    for (const auto& service : services->items) out.services.push_back(service.key);
  return out;
}

void resolve_one_off(const Options& options, const OneOff& one_off, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics) {
  Options own = options;
  own.services = {one_off.service};
  resolve(own, &one_off, world, answer, diagnostics);
}

}  // namespace callgate::compose
