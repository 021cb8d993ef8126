// One system call as a filter sees it: struct seccomp_data without the instruction pointer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "callgate/arch.h"

namespace callgate {

struct Call {
  std::uint32_t audit = 0;              ///< AUDIT_ARCH_* token; see audit_token()
  std::uint32_t number = 0;             ///< all of 0 … 2^32-1; x32's carry bit 30
  std::array<std::uint64_t, 6> args{};  ///< register values; a filter cannot follow pointers
  auto operator<=>(const Call&) const = default;
};

}  // namespace callgate
