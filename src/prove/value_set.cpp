// Exact set operations on intervals with known bits and exclusions.
// SPDX-License-Identifier: Apache-2.0
#include "prove/value_set.h"

#include <algorithm>
#include <bit>

namespace callgate::prove {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;
constexpr std::uint32_t kMaxCubeSteps = 16;
// Of a search for a member: on a branch, where it only prunes early, and where an answer hangs on it.
constexpr unsigned kBranchNodes = 20'000, kFinalNodes = 20'000'000;

// Without POPCNT in the baseline instruction set, std::popcount and std::has_single_bit are calls.
bool is_single_bit(std::uint32_t x) {
  return x != 0 && (x & (x - 1)) == 0;
}
bool is_high_mask(std::uint32_t mask) {
  return mask != 0 && (~mask & (~mask + 1)) == 0;
}
std::uint32_t lowest_bit(std::uint32_t x) {
  return x & (~x + 1);
}

// Of the exclusions of a chain that are newer than `older`.
const Exclusion* first_hit(const Exclusions& arena, std::uint32_t chain, std::uint32_t x,
                           std::uint32_t older = ValueSet::kNone) {
  for (std::uint32_t i = chain; i != older; i = arena[i].previous)
    if ((x & arena[i].mask) == arena[i].value) return &arena[i];
  return nullptr;
}

// Search over bits where exclusions interlock: an exclusion with one open bit left forces it; otherwise the one with
// the fewest open bits is split on.
class Search {
 public:
  Search(const Exclusions& arena, const ValueSet& set, unsigned max_nodes)
      : arena_(arena), set_(set), max_nodes_(max_nodes) {}
  bool gave_up() const { return nodes_ > max_nodes_; }

  std::optional<std::uint32_t> find(std::uint32_t mask, std::uint32_t bits) {
    if (++nodes_ > max_nodes_) return std::nullopt;
    const Exclusion* tightest = nullptr;
    if (!propagate(mask, bits, tightest)) return std::nullopt;
    const auto candidate = next_matching(set_.low, mask, bits);
    if (!candidate || *candidate > set_.high) return std::nullopt;
    if (tightest == nullptr || first_hit(arena_, set_.chain, *candidate) == nullptr) return candidate;
    const std::uint32_t bit = std::bit_floor(tightest->mask & ~mask);
    const std::uint32_t differing = ~tightest->value & bit;
    if (const auto found = find(mask | bit, bits | differing)) return found;
    return find(mask | bit, bits | (differing ^ bit));
  }

 private:
  // Forces bits until nothing changes; false if an exclusion is hit for good. `tightest`: the active exclusion with the
  // fewest open bits.
  bool propagate(std::uint32_t& mask, std::uint32_t& bits, const Exclusion*& tightest) const {
    for (bool changed = true; changed;) {
      changed = false;
      tightest = nullptr;
      for (std::uint32_t i = set_.chain; i != ValueSet::kNone; i = arena_[i].previous) {
        const Exclusion& out = arena_[i];
        if (((bits ^ out.value) & out.mask & mask) != 0) continue;
        const std::uint32_t open = out.mask & ~mask;
        if (open == 0) return false;
        if (is_single_bit(open)) {
          mask |= open;
          bits |= ~out.value & open;
          changed = true;
        } else if (tightest == nullptr || std::popcount(open) < std::popcount(tightest->mask & ~mask)) {
          tightest = &out;
        }
      }
    }
    return true;
  }

  const Exclusions& arena_;
  const ValueSet& set_;
  unsigned max_nodes_, nodes_ = 0;
};

}  // namespace

std::optional<std::uint32_t> next_matching(std::uint32_t x, std::uint32_t mask, std::uint32_t bits) {
  const std::uint32_t wrong = (x ^ bits) & mask;
  if (wrong == 0) return x;
  std::uint32_t raised = std::bit_floor(wrong);
  if ((bits & raised) == 0) {
    // x is too large in this bit: a free 0 above it must become 1.
    const std::uint32_t above = ~(raised | (raised - 1));
    const std::uint32_t free_zeros = above & ~x & ~mask;
    if (free_zeros == 0) return std::nullopt;
    raised = lowest_bit(free_zeros);
  }
  const std::uint32_t below = raised - 1;
  return (x & ~(raised | below)) | raised | (bits & below);
}

std::optional<std::uint32_t> previous_matching(std::uint32_t x, std::uint32_t mask, std::uint32_t bits) {
  const auto mirrored = next_matching(~x, mask, ~bits & mask);
  if (!mirrored) return std::nullopt;
  return ~*mirrored;
}

Truth ValueSet::decide(std::uint32_t mask, Relation relation, std::uint32_t k) const {
  std::uint32_t least = known_bits & mask;
  const std::uint32_t most = std::min((known_bits | ~known_mask) & mask, high);
  if (is_high_mask(mask)) least = std::max(least, low & mask);
  if (relation == Relation::gt) {
    if (least > k) return Truth::yes;
    return most <= k ? Truth::no : Truth::open;
  }
  if (k < least || k > most || (k & ~mask) != 0) return Truth::no;
  if (((known_bits ^ k) & known_mask & mask) != 0) return Truth::no;
  return least == most || (mask & ~known_mask) == 0 ? Truth::yes : Truth::open;
}

bool ValueSet::contains(const Exclusions& arena, std::uint32_t x) const {
  return x >= low && x <= high && (x & known_mask) == known_bits && first_hit(arena, chain, x) == nullptr;
}

ValueSet::Narrowed ValueSet::require(Exclusions& arena, std::uint32_t mask, Relation relation, std::uint32_t k,
                                     bool truth) {
  const std::uint32_t older = chain;
  if (relation == Relation::eq) {
    if (truth) return require_eq(arena, mask, k);
    return exclude(arena, mask, k) ? settle(arena, older) : Narrowed::empty;
  }
  // Under a mask of leading ones, > k is >= the next multiple of its lowest bit.
  const std::uint32_t covered = high == kAll ? kAll : (std::bit_ceil(std::uint64_t{high} + 1) - 1) & kAll;
  const std::uint32_t effective = (mask & covered) == covered ? kAll : mask;
  if (!is_high_mask(effective)) return require_order(arena, mask, k, truth);
  const std::uint64_t step = lowest_bit(effective);
  const std::uint64_t from = (std::uint64_t{k} / step + 1) * step;  // least x for which it holds
  if (truth) {
    if (from > high) return Narrowed::empty;
    low = std::max(low, static_cast<std::uint32_t>(from));
  } else if (from <= kAll) {
    high = std::min(high, static_cast<std::uint32_t>(from - 1));
  }
  return settle(arena, older);
}

// An order under any mask is a conjunction of exclusions. With t the greatest value <= k that has no bit outside the
// mask: x & mask is greater than t if it has t's bits down to some bit of the mask that t lacks and it has; at most t,
// if it is t, or has t's bits down to some bit that t has and it lacks.
ValueSet::Narrowed ValueSet::require_order(Exclusions& arena, std::uint32_t mask, std::uint32_t k, bool truth) {
  const std::uint32_t older = chain;
  const std::uint32_t t = previous_matching(k, ~mask, 0).value_or(0);
  for (std::uint32_t left = truth ? mask & t : mask & ~t; left != 0; left &= ~std::bit_floor(left)) {
    const std::uint32_t bit = std::bit_floor(left);
    if (!exclude(arena, mask & ~(bit - 1), (t ^ bit) & ~(bit - 1))) return Narrowed::empty;
  }
  if (truth && !exclude(arena, mask, t)) return Narrowed::empty;
  return settle(arena, older);
}

ValueSet::Narrowed ValueSet::require_eq(Exclusions& arena, std::uint32_t mask, std::uint32_t k) {
  if ((k & ~mask) != 0 || ((known_bits ^ k) & known_mask & mask) != 0) return Narrowed::empty;
  if (mask == kAll) {
    if (!contains(arena, k)) return Narrowed::empty;
    low = high = known_bits = sample = k;
    known_mask = kAll;
    chain = kNone;
    points = cubes = 0;
    return Narrowed::some;
  }
  known_mask |= mask;
  known_bits |= k;
  return settle(arena, chain);
}

// Takes the values with those bits out; false if nothing is left. settle() must follow.
bool ValueSet::exclude(Exclusions& arena, std::uint32_t mask, std::uint32_t k) {
  if ((k & ~mask) != 0 || ((known_bits ^ k) & known_mask & mask) != 0) return true;
  const std::uint32_t open = mask & ~known_mask;
  if (open == 0) return false;
  if (mask == kAll && (k < low || k > high)) return true;
  if (mask == kAll && k == low) {
    if (low == high) return false;
    ++low;
  } else if (mask == kAll && k == high) {
    --high;
  } else if (is_single_bit(open)) {
    known_mask |= open;
    known_bits |= ~k & open;
  } else {
    arena.push_back({mask, k, chain});
    chain = static_cast<std::uint32_t>(arena.size() - 1);
    ++(mask == kAll ? points : cubes);
  }
  return true;
}

// Tightens the interval to the known bits and says whether anything is left. `older`: the chain before what is new.
ValueSet::Narrowed ValueSet::settle(const Exclusions& arena, std::uint32_t older) {
  if (low > high) return Narrowed::empty;
  if (((low ^ known_bits) & known_mask) != 0 || ((high ^ known_bits) & known_mask) != 0) {
    const auto first = next_matching(low, known_mask, known_bits);
    const auto last = previous_matching(high, known_mask, known_bits);
    if (!first || !last || *first > *last) return Narrowed::empty;
    low = *first;
    high = *last;
  }
  if (low == high) {
    known_mask = kAll;
    known_bits = low;
  }
  // Mostly the member known so far is still one; of the exclusions only new ones can say otherwise.
  const bool still_member = has_sample && sample >= low && sample <= high && (sample & known_mask) == known_bits &&
                            first_hit(arena, chain, sample, older) == nullptr;
  if (still_member) return Narrowed::some;
  const Found found = find(arena, kBranchNodes);
  has_sample = found.value.has_value();
  if (!has_sample) return found.gave_up ? Narrowed::unsure : Narrowed::empty;
  sample = *found.value;
  return Narrowed::some;
}

std::optional<std::uint32_t> ValueSet::member(const Exclusions& arena, bool& gave_up) const {
  const Found found = find(arena, kFinalNodes);
  gave_up = gave_up || found.gave_up;
  return found.value;
}

ValueSet::Found ValueSet::find(const Exclusions& arena, unsigned max_nodes) const {
  if (chain == kNone) return {low};  // settled: low has the known bits
  std::uint32_t x = low;
  const std::uint32_t most_steps = points + (cubes == 0 ? 1 : kMaxCubeSteps);  // without cubes, enough for an answer
  for (std::uint32_t step = 0; step < most_steps; ++step) {
    const auto candidate = next_matching(x, known_mask, known_bits);
    if (!candidate || *candidate > high) return {};
    const Exclusion* hit = first_hit(arena, chain, *candidate);
    if (hit == nullptr) return {candidate};
    // Everything up to the next change of the mask's lowest bit is excluded alike.
    const std::uint32_t rest = lowest_bit(hit->mask) - 1;
    if ((*candidate | rest) == kAll) return {};
    x = (*candidate | rest) + 1;
  }
  Search search(arena, *this, max_nodes);
  const auto found = search.find(known_mask, known_bits);
  return {found, !found && search.gave_up()};
}

}  // namespace callgate::prove
