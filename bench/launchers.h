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
inline constexpr const char* kRunFilter = "callgate run, compiled filter";
inline constexpr const char* kStaticRun = "callgate-static run, compiled filter";
inline constexpr const char* kStaticItself = "callgate-static version (its own exec)";
inline constexpr const char* kStaticSealAll = "callgate-static run --seal all";
inline constexpr const char* kSealAll = "callgate run --seal all";
inline constexpr const char* kBwrapAll = "bwrap, as --seal all";

// Each starts `idle`; those that cannot here are left out, and callgate-static where it is not beside `callgate`.
// `filter`: a compiled one; `folder`: an empty one of ours.
std::vector<Program> launchers(const std::string& callgate, const std::string& idle, const std::string& filter,
                               const std::string& folder);

}  // namespace callgate::bench
