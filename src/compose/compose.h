// Docker Compose projects → what is in force: the files found and loaded as docker compose 2.40 loads them, then one
// container for each replica of each enabled service, decided by dockerd (container/request.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "container/container.h"
#include "manifest/answer.h"
#include "text/node.h"

namespace callgate::compose {

struct Options {
  std::vector<std::string> files;  // -f, in order; "-" is standard input; none: looked for
  std::string project_directory, project_name;
  std::vector<std::string> profiles, env_files;
  std::vector<std::string> services;  // only these and what they depend on
  bool with_dependencies = true;
  std::vector<std::string> scale;  // "SERVICE=NUM"
  bool compatibility = false;      // names with "_", as Compose 1 made them
  bool wants_services = false;     // `up`: a project without an enabled service is refused
};

// What `run` changes in its one container.
struct OneOff {
  std::string service, name;
  std::vector<std::string> cap_add, cap_drop;
};

// A mapping with services, or with what only Compose files have at their top.
bool looks_like_compose(text::Node root);
void resolve_project(const Options& options, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics);
// The same for `docker compose run`: the service's dependencies, then the one container.
void resolve_one_off(const Options& options, const OneOff& one_off, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics);

// What a project is called, and which of its services are enabled.
struct ProjectNames {
  std::string name;
  std::vector<std::string> services;
};
// Nothing (diagnosed) if Compose would not load it.
std::optional<ProjectNames> name_project(const Options& options, container::World& world,
                                         base::Diagnostics& diagnostics);

// Whether the words call docker compose or docker-compose and make containers: create, up, run.
bool is_compose_command(std::span<const container::Word> words);
bool is_compose_command(std::span<const std::string> words);
void resolve_command_line(std::span<const container::Word> words, container::World& world, manifest::Answer& answer,
                          base::Diagnostics& diagnostics);
void resolve_command_line(std::span<const std::string> words, container::World& world, manifest::Answer& answer,
                          base::Diagnostics& diagnostics);

}  // namespace callgate::compose
