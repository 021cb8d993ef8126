// Every difference between two policies, as disjoint regions of calls: what `diff` shows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "policy/policy.h"
#include "policy/region.h"

namespace callgate::policy {

struct Interval {
  std::uint64_t first, last;  // inclusive
  auto operator<=>(const Interval&) const = default;
};

// The values of one argument: sorted, disjoint, not adjacent intervals (of the low 32 bits, the others being free, if
// `low_word`); or, where masks are asked about, what is within `intervals` (one of them), has `known_bits` under
// `known_mask`, and is none of `excluded`.
struct ArgSet {
  std::vector<Interval> intervals;
  bool low_word = false;
  std::uint64_t known_mask = 0, known_bits = 0;
  std::vector<MaskedValue> excluded;
  bool is_plain() const { return known_mask == 0 && excluded.empty(); }
  bool is_everything() const;
  auto operator<=>(const ArgSet&) const = default;
};
ArgSet arg_set(const ArgRegion& region);

// A product of argument sets on which `a` answers `before` and `b` answers `after`.
struct RegionChange {
  std::array<ArgSet, 6> args;
  Action before, after;
  std::array<std::uint64_t, 6> witness{};  // the least member
};

// The numbers [first, last], all of whose calls change in the same way.
struct Change {
  AuditArch audit = 0;    // where is_other: the least token that neither lists
  bool is_other = false;  // holds for every token that neither policy lists
  SyscallNr first = 0, last = 0;
  std::vector<RegionChange> regions;  // disjoint; together all of the change
};

// Sorted by token and number; empty iff the policies are equal. Regions that differ in one argument alone are joined.
std::vector<Change> changes(const Policy& a, const Policy& b);

// How a change moves the grant: by permissiveness (policy/algebra.h).
enum class Direction : std::uint8_t { widened, narrowed, changed };
Direction direction(Action before, Action after);

}  // namespace callgate::policy
