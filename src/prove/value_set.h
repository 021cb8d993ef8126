// What a path knows about one 32-bit value: an interval, known bits, and excluded (mask, value) pairs. The set is
// exactly the values that satisfy all three, which is enough for every condition (value & mask) ==, !=, >, <= k: an
// order under a mask is at most 33 exclusions. Exclusions live in an arena as chains, so that copying a set copies no
// list and paths share what they have in common; the arena is cut back when the search returns to an older path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace callgate::prove {

enum class Truth : std::uint8_t { no, yes, open };
// The two questions everything is reduced to: (value & mask) == k, (value & mask) > k.
enum class Relation : std::uint8_t { eq, gt };

struct Exclusion {
  std::uint32_t mask, value, previous;  // (x & mask) != value; index of the next older one of the chain
};
using Exclusions = std::vector<Exclusion>;

// The least y >= x with (y & mask) == bits.
std::optional<std::uint32_t> next_matching(std::uint32_t x, std::uint32_t mask, std::uint32_t bits);
// The greatest y <= x with (y & mask) == bits.
std::optional<std::uint32_t> previous_matching(std::uint32_t x, std::uint32_t mask, std::uint32_t bits);

struct ValueSet {
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::uint32_t low = 0, high = 0xffffffff;
  std::uint32_t known_mask = 0, known_bits = 0;
  std::uint32_t sample = 0;     // a member, if has_sample
  std::uint32_t chain = kNone;  // newest exclusion
  std::uint32_t points = 0;     // exclusions of one value
  std::uint32_t cubes = 0;      // exclusions with a smaller mask
  bool has_sample = true;       // unless the last require() was `unsure` or `empty`

  enum class Narrowed : std::uint8_t {
    empty,   // no value is left
    some,    // at least one is
    unsure,  // not known: the search for one was given up; the set itself is right
  };
  // By interval and known bits alone; `open` promises nothing.
  Truth decide(std::uint32_t mask, Relation relation, std::uint32_t k) const;
  Narrowed require(Exclusions& arena, std::uint32_t mask, Relation relation, std::uint32_t k, bool truth);
  bool contains(const Exclusions& arena, std::uint32_t x) const;
  // A member, the least one unless masked exclusions interlock. `gave_up` is set if the search was not finished, which
  // takes more than any conditions known (tests/unit/prove/value_set_test.cpp tries the hardest).
  std::optional<std::uint32_t> member(const Exclusions& arena, bool& gave_up) const;
  bool is_single() const { return low == high; }

 private:
  struct Found {
    std::optional<std::uint32_t> value;
    bool gave_up = false;
  };
  Narrowed require_eq(Exclusions& arena, std::uint32_t mask, std::uint32_t k);
  Narrowed require_order(Exclusions& arena, std::uint32_t mask, std::uint32_t k, bool truth);
  bool exclude(Exclusions& arena, std::uint32_t mask, std::uint32_t k);
  Narrowed settle(const Exclusions& arena, std::uint32_t older);
  Found find(const Exclusions& arena, unsigned max_nodes) const;
};

}  // namespace callgate::prove
