// SPDX-License-Identifier: Apache-2.0
#include "policy/region.h"

#include <algorithm>
#include <bit>
#include <set>
#include <span>

#include "policy/effort.h"

namespace callgate::policy {

namespace {
constexpr std::uint64_t kAll = ~std::uint64_t{0};
}

void ArgRegion::require(const Condition& condition, bool truth) {
  const std::uint64_t v = condition.value;
  const auto at_least = [&](std::uint64_t bound) { low_ = std::max(low_, bound); };
  const auto at_most = [&](std::uint64_t bound) { high_ = std::min(high_, bound); };
  const auto above = [&] { v == kAll ? void(contradiction_ = true) : at_least(v + 1); };
  const auto below = [&] { v == 0 ? void(contradiction_ = true) : at_most(v - 1); };
  switch (condition.op) {
    case Op::eq:
    case Op::ne:
      if ((condition.op == Op::eq) == truth) {
        at_least(v);
        at_most(v);
      } else {
        excluded_.push_back({kAll, v});
      }
      break;
    case Op::lt:
      truth ? below() : at_least(v);
      break;
    case Op::ge:
      truth ? at_least(v) : below();
      break;
    case Op::le:
      truth ? at_most(v) : above();
      break;
    case Op::gt:
      truth ? above() : at_most(v);
      break;
    case Op::masked_eq:
      if (!truth) {
        if ((v & ~condition.mask) == 0) excluded_.push_back({condition.mask, v});
      } else if ((v & ~condition.mask) != 0 || ((known_bits_ ^ v) & known_mask_ & condition.mask) != 0) {
        contradiction_ = true;
      } else {
        known_mask_ |= condition.mask;
        known_bits_ |= v;
      }
      break;
  }
}

namespace {

// Depth-first over bits, most significant first and 0 before 1, so the first hit is the least value. What can still
// follow depends only on the bit, on whether the prefix touches a bound, and on which exclusions are still open; a
// combination that failed once is not tried again, which keeps the search linear in the usual case.
class LeastSearch {
 public:
  struct Domain {
    std::uint64_t low, high, known_mask, known_bits;
  };
  LeastSearch(const Domain& domain, std::span<const MaskedValue> excluded) : domain_(domain), excluded_(excluded) {}

  std::optional<std::uint64_t> run() {
    std::vector<bool> open(excluded_.size(), true);
    return descend(64, 0, std::move(open));
  }

 private:
  struct State {
    unsigned bit;
    bool at_low, at_high;
    std::vector<bool> open;
    auto operator<=>(const State&) const = default;
  };

  std::optional<std::uint64_t> descend(unsigned bit, std::uint64_t prefix, std::vector<bool> open) {
    spend(2 * excluded_.size() + 1);
    const std::uint64_t below = bit == 0 ? 0 : kAll >> (64 - bit);  // bits not decided yet
    if ((prefix | below) < domain_.low || prefix > domain_.high) return std::nullopt;
    bool any_open = false;
    for (std::size_t i = 0; i < excluded_.size(); ++i) {
      if (!open[i]) continue;
      const MaskedValue& out = excluded_[i];
      if (((prefix ^ out.value) & out.mask & ~below) != 0) {
        open[i] = false;  // differs already
      } else if ((out.mask & below) == 0) {
        return std::nullopt;  // equal for good
      } else {
        any_open = true;
      }
    }
    const bool at_low = prefix<domain_.low, at_high = (prefix | below)> domain_.high;
    if (!any_open && !at_low && !at_high) return prefix | (domain_.known_bits & below);
    if (bit == 0) return prefix;
    State state{bit, at_low, at_high, open};
    if (failed_.contains(state)) return std::nullopt;
    const std::uint64_t one = std::uint64_t{1} << (bit - 1);
    const bool known = (domain_.known_mask & one) != 0, set = (domain_.known_bits & one) != 0;
    if (!known || !set)
      if (const auto found = descend(bit - 1, prefix, open)) return found;
    if (!known || set)
      if (const auto found = descend(bit - 1, prefix | one, open)) return found;
    failed_.insert(std::move(state));
    return std::nullopt;
  }

  Domain domain_;
  std::span<const MaskedValue> excluded_;
  std::set<State> failed_;
};

}  // namespace

namespace {

// Exclusions by mask, so that a value is held against each mask once.
class Excluded {
 public:
  explicit Excluded(std::span<const MaskedValue> pairs) : sorted_(pairs.begin(), pairs.end()) {
    std::sort(sorted_.begin(), sorted_.end());
    for (std::size_t i = 0; i < sorted_.size(); ++i)
      if (i == 0 || sorted_[i].mask != sorted_[i - 1].mask) masks_.push_back(sorted_[i].mask);
  }
  // The mask under which the value is excluded; nothing if it is not.
  std::optional<std::uint64_t> by(std::uint64_t value) const {
    for (const std::uint64_t mask : masks_)
      if (std::binary_search(sorted_.begin(), sorted_.end(), MaskedValue{mask, value & mask})) return mask;
    return std::nullopt;
  }
  std::size_t size() const { return sorted_.size(); }
  std::size_t masks() const { return masks_.size(); }

 private:
  std::vector<MaskedValue> sorted_;
  std::vector<std::uint64_t> masks_;
};

// The least value not below `from` with these bits; nothing if there is none.
std::optional<std::uint64_t> next_with(std::uint64_t from, std::uint64_t mask, std::uint64_t bits) {
  const std::uint64_t wrong = (from ^ bits) & mask;
  if (wrong == 0) return from;
  const std::uint64_t top = std::uint64_t{1} << (63 - std::countl_zero(wrong));
  // Below the highest wrong bit all is free; where that bit is 1 and must be 0, a free 0 above it becomes 1.
  std::uint64_t head = from & ~(top | (top - 1));
  if ((bits & top) == 0) {
    const std::uint64_t room = ~from & ~mask & ~(top | (top - 1));
    if (room == 0) return std::nullopt;
    const std::uint64_t raised = room & (~room + 1);
    head = (from & ~(raised | (raised - 1))) | raised | (bits & (raised - 1));
    return head;
  }
  return head | top | (bits & (top - 1));
}

}  // namespace

std::optional<std::uint64_t> ArgRegion::least() const {
  if (contradiction_ || low_ > high_) return std::nullopt;
  // Mostly the lower bound itself is in the region, and then nothing need be searched.
  if (((low_ ^ known_bits_) & known_mask_) == 0 &&
      std::none_of(excluded_.begin(), excluded_.end(),
                   [this](const MaskedValue& out) { return ((low_ ^ out.value) & out.mask) == 0; }))
    return low_;
  // From one value to the next that is not excluded in the same way: done at once where values are excluded one by one
  // or in blocks. Masks of scattered bits may take endless steps; then bits are searched.
  spend(20 * excluded_.size());
  const Excluded excluded(excluded_);
  std::optional<std::uint64_t> value = next_with(low_, known_mask_, known_bits_);
  for (std::size_t steps = excluded.size() + 1; steps > 0; --steps) {
    if (!value || *value > high_) return std::nullopt;
    spend(excluded.masks());
    const auto mask = excluded.by(*value);
    if (!mask) return value;
    const std::uint64_t block = *mask == 0 ? kAll : (*mask & (~*mask + 1)) - 1;
    if ((*value | block) == kAll) return std::nullopt;
    value = next_with((*value | block) + 1, known_mask_, known_bits_);
  }
  return LeastSearch({low_, high_, known_mask_, known_bits_}, excluded_).run();
}

}  // namespace callgate::policy
