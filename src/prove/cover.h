// Sets of values as conditions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "policy/policy.h"

namespace callgate::prove {

struct ValueInterval {
  std::uint64_t first, last;  // inclusive
};
using Conjunction = std::vector<policy::Condition>;

// The intervals, wider by those of `settled` that touch them, if that takes less to say: fewer conjunctions, or at
// least fewer conditions or blocks that join masks where `bounds_too`.
std::vector<ValueInterval> widened(std::uint64_t mask, const std::vector<ValueInterval>& intervals,
                                   const std::vector<ValueInterval>& settled, bool bounds_too);

// Conjunctions that together hold for exactly the arguments whose bits under `mask`, packed (prove/diagram.h), are in
// the intervals (sorted, disjoint, not adjacent, not empty). Of everything: one without conditions.
std::vector<Conjunction> cover(std::uint8_t arg, std::uint64_t mask, const std::vector<ValueInterval>& intervals);

// The same clause with an argument's bounds that are an aligned block as masks, where there are masks beside them.
void join_masks(policy::Clause& clause);

}  // namespace callgate::prove
