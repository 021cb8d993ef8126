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
  auto operator<=>(const MaskedValue&) const = default;
};

class ArgRegion {
 public:
  // Narrows to the values for which `condition` holds (or does not hold).
  void require(const Condition& condition, bool truth);
  // The least value in the set; nothing if it is empty. Exact.
  std::optional<std::uint64_t> least() const;
  bool empty() const { return !least().has_value(); }

  // The parts: low() <= v <= high(), (v & known_mask()) == known_bits(), and none of excluded().
  std::uint64_t low() const { return low_; }
  std::uint64_t high() const { return high_; }
  std::uint64_t known_mask() const { return known_mask_; }
  std::uint64_t known_bits() const { return known_bits_; }
  const std::vector<MaskedValue>& excluded() const { return excluded_; }

 private:
  std::uint64_t low_ = 0, high_ = ~std::uint64_t{0};
  std::uint64_t known_mask_ = 0, known_bits_ = 0;
  bool contradiction_ = false;
  std::vector<MaskedValue> excluded_;
};

// One region an argument: a product set.
struct CallRegion {
  std::array<ArgRegion, 6> args;
  // The least member, argument by argument; of a region that is not empty.
  std::array<std::uint64_t, 6> least() const {
    std::array<std::uint64_t, 6> values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = args[i].least().value_or(0);
    return values;
  }
  void require(const Condition& condition, bool truth) { args[condition.arg].require(condition, truth); }
};

}  // namespace callgate::policy
