// The abstract value of an expression: an interval and known bits, each sharpened by the other. apply() is sound: the
// result holds every value that operands from the given ranges produce; exact where both operands are single values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prove/term.h"

namespace callgate::prove {

struct Range {
  std::uint32_t low = 0, high = 0xffffffff;
  std::uint32_t mask = 0, bits = 0;  // known bits
  bool is_single() const { return low == high; }
};

Range single(std::uint32_t value);
// False if nothing is left.
[[nodiscard]] bool sharpen(Range& range);
[[nodiscard]] bool intersect(Range& range, std::uint32_t low, std::uint32_t high, std::uint32_t mask,
                             std::uint32_t bits);
Range apply(TermOp op, const Range& a, const Range& b);

}  // namespace callgate::prove
