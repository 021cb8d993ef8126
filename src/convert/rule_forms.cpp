// SPDX-License-Identifier: Apache-2.0
#include "convert/rule_forms.h"

#include <algorithm>
#include <bit>

#include "policy/walk.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::ArgRegion;
using policy::Clause;
using policy::Condition;
using policy::Decision;
using policy::MaskedValue;
using policy::Op;
using Conjunction = std::vector<Condition>;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

struct Interval {
  std::uint64_t first, last;  // inclusive
  bool operator==(const Interval&) const = default;
};

// One argument's values being turned into conjunctions.
class Pieces {
 public:
  Pieces(std::uint8_t arg, const RuleForm& form) : arg_(arg), form_(form) {}
  // False once there are too many.
  bool add(Interval interval, MaskedValue known, std::vector<MaskedValue> excluded);
  bool add_plain(const std::vector<Interval>& intervals);
  std::vector<Conjunction> take() { return std::move(out_); }

 private:
  bool put(Conjunction conditions) {
    out_.push_back(std::move(conditions));
    return out_.size() <= form_.most_rules;
  }
  bool add_blocks(Interval interval, MaskedValue known);
  Condition masked(MaskedValue known) const {
    if (known.mask == kAll) return {arg_, Op::eq, known.value};
    return {arg_, Op::masked_eq, known.value, known.mask};
  }

  std::uint8_t arg_;
  const RuleForm& form_;
  std::vector<Conjunction> out_;
};

// An interval as aligned blocks, each a masked comparison, with the known bits put in.
bool Pieces::add_blocks(Interval interval, MaskedValue known) {
  for (std::uint64_t at = interval.first;;) {
    const std::uint64_t left = interval.last - at;  // one less than what is left
    unsigned bits = at == 0 ? 63 : static_cast<unsigned>(std::countr_zero(at));
    while (bits > 0 && ((std::uint64_t{1} << bits) - 1) > left) --bits;
    const std::uint64_t low = (std::uint64_t{1} << bits) - 1;
    if (((at ^ known.value) & known.mask & ~low) == 0 && !put({masked({~low | known.mask, at | (known.value & low)})}))
      return false;
    if (low == left) return true;
    at += low + 1;
  }
}

bool Pieces::add(Interval interval, MaskedValue known, std::vector<MaskedValue> excluded) {
  while (!excluded.empty()) {
    const MaskedValue one = excluded.back();
    excluded.pop_back();
    if (((one.value ^ known.value) & one.mask & known.mask) != 0) continue;  // ruled out anyway
    // Not all of these bits as in `one`: the first that differs is the first, the second …
    for (std::uint64_t rest = one.mask & ~known.mask; rest != 0; rest &= rest - 1) {
      const std::uint64_t bit = rest & (~rest + 1);
      if (!add(interval, {known.mask | bit, known.value | (~one.value & bit)}, excluded)) return false;
      known = {known.mask | bit, known.value | (one.value & bit)};
    }
    return true;
  }
  if (interval == Interval{0, kAll}) return put({masked(known)});
  if (form_.one_condition_each) return add_blocks(interval, known);
  Conjunction both{masked(known)};
  if (interval.first > 0) both.push_back({arg_, Op::ge, interval.first});
  if (interval.last < kAll) both.push_back({arg_, Op::le, interval.last});
  return put(std::move(both));
}

bool Pieces::add_plain(const std::vector<Interval>& intervals) {
  // All but one value: the one case where a negation is shorter.
  if (intervals.size() == 2 && intervals[0].first == 0 && intervals[1].last == kAll &&
      intervals[0].last + 2 == intervals[1].first)
    return put({{arg_, Op::ne, intervals[0].last + 1}});
  for (const Interval& each : intervals) {
    bool good = true;
    if (each == Interval{0, kAll}) {
      good = put({});
    } else if (each.first == each.last) {
      good = put({{arg_, Op::eq, each.first}});
    } else if (each.first == 0) {
      good = put({{arg_, Op::le, each.last}});
    } else if (each.last == kAll) {
      good = put({{arg_, Op::ge, each.first}});
    } else if (form_.one_condition_each) {
      good = add_blocks(each, {0, 0});
    } else {
      good = put({{arg_, Op::ge, each.first}, {arg_, Op::le, each.last}});
    }
    if (!good) return false;
  }
  return true;
}

// A product of argument regions with one action → rules; false once there are too many.
bool add_region(const std::array<ArgRegion, 6>& args, Action action, const RuleForm& form, std::vector<Clause>& out) {
  std::vector<Clause> product{{{}, action}};
  constexpr std::uint8_t kArgs = 6;
  for (std::uint8_t arg = 0; arg < kArgs; ++arg) {
    const auto parts = conjunctions(args[arg], arg, form);
    if (!parts || parts->size() * product.size() > form.most_rules) return false;
    std::vector<Clause> next;
    for (const Clause& clause : product)
      for (const Conjunction& part : *parts) {
        next.push_back(clause);
        next.back().conditions.insert(next.back().conditions.end(), part.begin(), part.end());
      }
    product = std::move(next);
  }
  out.insert(out.end(), product.begin(), product.end());
  return out.size() <= form.most_rules;
}

// What an interval is without some of its values.
std::vector<Interval> intervals_of(const ArgRegion& region) {
  std::vector<std::uint64_t> points;
  for (const MaskedValue& each : region.excluded())
    if (each.value >= region.low() && each.value <= region.high()) points.push_back(each.value);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  std::vector<Interval> out;
  std::uint64_t first = region.low();
  for (const std::uint64_t point : points) {
    if (first < point) out.push_back({first, point - 1});
    if (point == region.high()) return out;
    first = point + 1;
  }
  out.push_back({first, region.high()});
  return out;
}

policy::CallRegion region_of(const Clause& clause) {
  policy::CallRegion region;
  for (const Condition& condition : clause.conditions) region.require(condition, true);
  return region;
}

bool disjoint(const Clause& a, const Clause& b) {
  policy::CallRegion region = region_of(a);
  for (const Condition& condition : b.conditions) region.require(condition, true);
  return std::any_of(region.args.begin(), region.args.end(), [](const auto& arg) { return arg.empty(); });
}

bool one_condition_each(const Clause& clause) {
  unsigned seen = 0;
  for (const Condition& condition : clause.conditions) {
    if ((seen >> condition.arg & 1) != 0) return false;
    seen |= 1U << condition.arg;
  }
  return true;
}

// Whether the clauses can stand in any order beside the fallback, as they are.
bool is_order_free(const Decision& decision, Action fallback) {
  if (decision.otherwise != fallback) return false;
  for (std::size_t i = 0; i < decision.clauses.size(); ++i) {
    const Clause& a = decision.clauses[i];
    if (a.action == fallback) return false;
    for (std::size_t j = 0; j < i; ++j)
      if (decision.clauses[j].action != a.action && !disjoint(decision.clauses[j], a)) return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<Conjunction>> conjunctions(const ArgRegion& region, std::uint8_t arg, const RuleForm& form) {
  Pieces pieces(arg, form);
  const bool points_only = std::all_of(region.excluded().begin(), region.excluded().end(),
                                       [](const MaskedValue& each) { return each.mask == kAll; });
  const bool plain = region.known_mask() == 0 && points_only;
  if (!(plain
            ? pieces.add_plain(intervals_of(region))
            : pieces.add({region.low(), region.high()}, {region.known_mask(), region.known_bits()}, region.excluded())))
    return std::nullopt;
  return pieces.take();
}

std::optional<std::vector<Clause>> order_free(const Decision& decision, Action fallback, const RuleForm& form) {
  std::vector<Clause> out;
  if (is_order_free(decision, fallback)) {
    for (const Clause& clause : decision.clauses) {
      if (!form.one_condition_each || one_condition_each(clause)) {
        out.push_back(clause);
        continue;
      }
      const policy::CallRegion region = region_of(clause);
      if (std::any_of(region.args.begin(), region.args.end(), [](const auto& arg) { return arg.empty(); })) continue;
      if (!add_region(region.args, clause.action, form, out)) return std::nullopt;
    }
    return out.size() <= form.most_rules ? std::optional(out) : std::nullopt;
  }
  // Every leaf of the decision for itself; `nowhere` makes of it a comparison with the fallback.
  const Decision nowhere{{}, fallback};
  const bool good =
      policy::walk({&decision}, {&nowhere}, {}, [&](const policy::CallRegion& region, Action action, Action) {
        if (action == fallback) return true;
        return add_region(region.args, action, form, out);
      });
  if (!good) return std::nullopt;
  return out;
}

}  // namespace callgate::convert
