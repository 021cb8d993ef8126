// Executes the steps of a seal: every one of their system calls stands in steps.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "sandbox/seals.h"

namespace callgate::sandbox {

// Mounts and rule sets made by one step and used by a later one; -1: there is none.
struct Slots {
  static constexpr std::size_t kCount = 128;
  std::array<int, kCount> fds;
};

// 0 or minus errno. Async-signal-safe: no allocation, no lock. A failed step may be half done, but only within
// namespaces that end with the process.
int run_step(const Step& step, Slots& slots);

// What is still in it is killed. 0, or the errno of the last try. Not async-signal-safe.
int remove_cgroup(const std::string& path);

}  // namespace callgate::sandbox
