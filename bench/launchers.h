// What starts a program: ours, and others that are installed, with options that come close to one another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace callgate::bench {

struct Program {
  std::string job;  // programs of one job are compared
  std::string name;
  std::vector<std::string> argv;
};

inline constexpr const char* kLaunch = "start → waitpid returned";
inline constexpr const char* kBare = "vfork + exec";
inline constexpr const char* kRun = "callgate run, docker-default";
inline constexpr const char* kItself = "callgate version (its own exec)";
inline constexpr const char* kSealAll = "callgate run --seal all";
inline constexpr const char* kBwrapAll = "bwrap, as --seal all";

// Each starts `idle`; those that cannot here are left out. `filter`: a compiled one; `folder`: an empty one of ours.
std::vector<Program> launchers(const std::string& callgate, const std::string& idle, const std::string& filter,
                               const std::string& folder);

}  // namespace callgate::bench
