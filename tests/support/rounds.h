// How often a test of random cases repeats.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace callgate::test_support {

// `wanted`, or a part of it where the environment says that this processor is a slow one (scripts/test does for an
// emulated one): CALLGATE_ROUNDS_DIVISOR.
inline std::uint64_t rounds(std::uint64_t wanted) {
  const char* set = std::getenv("CALLGATE_ROUNDS_DIVISOR");
  const std::uint64_t divisor = set == nullptr ? 1 : std::strtoull(set, nullptr, 10);
  return divisor > 1 ? std::max<std::uint64_t>(wanted / divisor, 1) : wanted;
}

}  // namespace callgate::test_support
