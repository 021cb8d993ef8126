// SPDX-License-Identifier: Apache-2.0
#include "policy/region.h"

#include <algorithm>
#include <set>
#include <span>

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

std::optional<std::uint64_t> ArgRegion::least() const {
  if (contradiction_ || low_ > high_) return std::nullopt;
  // Mostly the lower bound itself is in the region, and then nothing need be searched.
  if (((low_ ^ known_bits_) & known_mask_) == 0 &&
      std::none_of(excluded_.begin(), excluded_.end(),
                   [this](const MaskedValue& out) { return ((low_ ^ out.value) & out.mask) == 0; }))
    return low_;
  return LeastSearch({low_, high_, known_mask_, known_bits_}, excluded_).run();
}

}  // namespace callgate::policy
