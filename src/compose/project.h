// Which files make up a project, what it is called, and which of its services are wanted (compose-go's cli package).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compose/compose.h"
#include "compose/loader.h"

namespace callgate::compose {

struct Project {
  std::string name;
  std::string directory;  // absolute; relative profiles start from here
  std::vector<std::string> files;
  Environment environment;
  std::vector<std::string> profiles;
  Value model;  // services: those that are enabled
  struct Disabled {
    std::string name;
    std::vector<std::string> profiles;
    base::Span place;
  };
  std::vector<Disabled> disabled;
};

Loaded<Project> load_project(const Options& options, const std::vector<std::string>& environment,
                             manifest::Files& files, Loader& loader, base::Diagnostics& diagnostics);

// "My App" is "myapp".
std::string normal_project_name(std::string_view text);
// What holds between services, networks, volumes and secrets (loader/validate.go).
Loaded<bool> check_consistency(const Project& project);

}  // namespace callgate::compose
