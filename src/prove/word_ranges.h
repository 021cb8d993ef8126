// Sets of 32-bit values as intervals: which numbers and which tokens reach a place in a program.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "prove/value_set.h"

namespace callgate::prove {

// (word & mask) relation k, or its opposite.
struct WordTest {
  std::uint8_t word = 0;  // of the sixteen of struct seccomp_data
  std::uint32_t mask = 0xffffffff;
  Relation relation = Relation::eq;
  std::uint32_t k = 0;
  bool negated = false;
};

class WordRanges {
 public:
  struct Interval {
    std::uint32_t first, last;  // inclusive
    auto operator<=>(const Interval&) const = default;
  };
  static constexpr std::size_t kMaxIntervals = 1 << 15;

  WordRanges() = default;  // empty
  static WordRanges everything();
  bool empty() const { return intervals_.empty(); }
  std::size_t size() const { return intervals_.size(); }
  const std::vector<Interval>& intervals() const { return intervals_; }
  std::uint64_t count() const;
  // Takes the values for which the test holds out of this set and returns them. Nothing if that takes more than
  // kMaxIntervals intervals; then this set is of no use any more.
  std::optional<WordRanges> take(const WordTest& test);
  // Of a disjoint set. Costs no more than its size; ordered() must follow.
  void append(const WordRanges& other);
  void ordered();
  auto operator<=>(const WordRanges&) const = default;

 private:
  std::vector<Interval> intervals_;  // sorted, disjoint, not adjacent
};

}  // namespace callgate::prove
