// Return addresses with names. What does it is optional: it stands in elfutils/, and only programs that link that have
// it; callgate-static does without.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "why/denial.h"

namespace callgate::why {

inline constexpr std::size_t kMostFrames = 64;

// Each gives what it can find, innermost first; nothing on failure.
struct Unwinder {
  // Of a thread that the caller traces and has stopped.
  std::vector<Frame> (*live)(int process, int thread);
  std::vector<Frame> (*core)(const std::string& path, std::uint64_t thread);
};
// By elfutils' libdw; defined in the library callgate_elfutils.
const Unwinder& elfutils();

}  // namespace callgate::why
