// All that a command sees of the world. main() fills one in; tests make their own, so every command runs in process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/dump.h"
#include "sandbox/launch.h"
#include "why/unwind.h"

namespace callgate::cli {

struct Env {
  std::function<void(std::string_view)> out, err;
  int stdin_fd = 0;
  bool out_is_terminal = false, err_is_terminal = false;
  std::vector<std::string> environment;     // NAME=value
  std::function<std::uint64_t()> clock_ns;  // monotonic
  const sandbox::Kernel* kernel = nullptr;
  const sandbox::Tracing* tracing = nullptr;
  const why::Unwinder* unwinder = nullptr;  // null: no backtraces

  // Null where it is not set.
  const char* variable(std::string_view name) const;
};

// Exit statuses of every command (those of `run` are in sandbox/plan.h).
inline constexpr int kYes = 0, kNo = 1, kUsage = 2, kBadInput = 3, kCannot = 4, kOwnDefect = 5;

// The whole program: `words` without the program's own name.
int main_in(const Env& env, const std::vector<std::string>& words);

}  // namespace callgate::cli
