// The set of 64-bit values that satisfy a conjunction of conditions on one argument, exactly: an interval, known bits,
// and excluded (mask, value) pairs. Holds what a path through decisions knows about an argument.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "policy/policy.h"

namespace callgate::policy {

// The values v with (v & mask) == value.
struct MaskedValue {
  std::uint64_t mask, value;
};

class ArgRegion {
 public:
  // Narrows to the values for which `condition` holds (or does not hold).
  void require(const Condition& condition, bool truth);
  // The least value in the set; nothing if it is empty. Exact.
  std::optional<std::uint64_t> least() const;
  bool empty() const { return !least().has_value(); }

 private:
  std::uint64_t low_ = 0, high_ = ~std::uint64_t{0};
  std::uint64_t known_mask_ = 0, known_bits_ = 0;
  bool contradiction_ = false;
  std::vector<MaskedValue> excluded_;
};

// One region an argument: a product set.
struct CallRegion {
  std::array<ArgRegion, 6> args;
  void require(const Condition& condition, bool truth) { args[condition.arg].require(condition, truth); }
};

}  // namespace callgate::policy
