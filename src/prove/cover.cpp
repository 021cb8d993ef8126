// SPDX-License-Identifier: Apache-2.0
#include "prove/cover.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <tuple>

#include "prove/diagram.h"

namespace callgate::prove {

namespace {

using policy::Condition;
using policy::Op;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// The mask under which an interval is one value; nothing if it is no aligned block.
std::optional<std::uint64_t> block_mask(ValueInterval interval) {
  const std::uint64_t free_bits = interval.first ^ interval.last;
  const bool aligned = (free_bits & (free_bits + 1)) == 0 && (interval.first & free_bits) == 0;
  if (!aligned) return std::nullopt;
  return ~free_bits;
}

Conjunction within(std::uint8_t arg, ValueInterval interval) {
  const auto [first, last] = interval;
  if (first == 0 && last == kAll) return {};
  if (first == last) return {{arg, Op::eq, first}};
  if (first == 0) return {{arg, Op::le, last}};
  if (last == kAll) return {{arg, Op::ge, first}};
  if (const auto mask = block_mask(interval)) return {{arg, Op::masked_eq, first, *mask}};
  return {{arg, Op::ge, first}, {arg, Op::le, last}};
}

// One conjunction: what is left of a range after some points are taken out.
Conjunction all_but_points(std::uint8_t arg, const std::vector<ValueInterval>& intervals) {
  Conjunction out;
  if (intervals.front().first != 0) out.push_back({arg, Op::ge, intervals.front().first});
  if (intervals.back().last != kAll) out.push_back({arg, Op::le, intervals.back().last});
  for (std::size_t i = 0; i + 1 < intervals.size(); ++i) {
    if (intervals[i].last + 2 != intervals[i + 1].first) return {};
    out.push_back({arg, Op::ne, intervals[i].last + 1});
  }
  return out;
}

// Aligned blocks of packed values, as values under a mask.
void add_blocks(std::uint8_t arg, std::uint64_t mask, ValueInterval interval, std::vector<Conjunction>& out) {
  const std::uint64_t limit = packed_limit(mask);  // below 2^63: the mask is not all bits
  for (std::uint64_t at = interval.first; at <= interval.last;) {
    std::uint64_t size = at == 0 ? limit + 1 : at & (~at + 1);
    while (at + size - 1 > interval.last) size >>= 1;
    const std::uint64_t block = unpack(limit & ~(size - 1), mask);
    if (block == 0)
      out.emplace_back();
    else
      out.push_back({{arg, Op::masked_eq, unpack(at, mask), block}});
    at += size;
  }
}

}  // namespace

std::vector<Conjunction> cover(std::uint8_t arg, std::uint64_t mask, const std::vector<ValueInterval>& intervals) {
  std::vector<Conjunction> out;
  if (mask != kAll) {
    for (const ValueInterval& each : intervals) add_blocks(arg, mask, each, out);
    return out;
  }
  if (intervals.size() > 1)
    if (Conjunction whole = all_but_points(arg, intervals); !whole.empty()) return {std::move(whole)};
  out.reserve(intervals.size());
  for (const ValueInterval& each : intervals) out.push_back(within(arg, each));
  return out;
}

std::vector<ValueInterval> widened(std::uint64_t mask, const std::vector<ValueInterval>& intervals,
                                   const std::vector<ValueInterval>& settled, bool bounds_too) {
  if (settled.empty()) return intervals;
  std::vector<std::pair<ValueInterval, bool>> all;  // and whether it is one of `intervals`
  for (const ValueInterval& each : intervals) all.emplace_back(each, true);
  for (const ValueInterval& each : settled) all.emplace_back(each, false);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first.first < b.first.first; });
  std::vector<ValueInterval> wide;
  bool needed = false;  // the last of `wide`
  for (const auto& [interval, own] : all) {
    if (!wide.empty() && wide.back().last + 1 == interval.first) {
      wide.back().last = interval.last;
      needed = needed || own;
      continue;
    }
    if (!wide.empty() && !needed) wide.pop_back();
    wide.push_back(interval);
    needed = own;
  }
  if (!needed) wide.pop_back();
  const auto cost = [&](const std::vector<ValueInterval>& set) {
    const std::vector<Conjunction> conjunctions = cover(0, mask, set);
    std::size_t conditions = 0, bounds = 0;
    for (const Conjunction& each : conjunctions) conditions += each.size();
    for (const ValueInterval& each : set) bounds += block_mask(each) ? 0U : 1U;
    if (!bounds_too) conditions = bounds = 0;
    return std::tuple{conjunctions.size(), conditions, bounds};
  };
  return cost(wide) < cost(intervals) ? wide : intervals;
}

void join_masks(policy::Clause& clause) {
  for (std::uint8_t arg = 0; arg < 6; ++arg) {
    ValueInterval bounds{0, kAll};
    std::uint64_t mask = 0, bits = 0;
    bool masked = false, bounded = false;
    for (const Condition& c : clause.conditions) {
      if (c.arg != arg) continue;
      if (c.op == Op::masked_eq) {
        if (((c.value ^ bits) & c.mask & mask) != 0) return;  // contradictory: simplify() drops the clause
        mask |= c.mask;
        bits |= c.value;
        masked = true;
      } else if (c.op == Op::ge) {
        bounds.first = std::max(bounds.first, c.value);
        bounded = true;
      } else if (c.op == Op::le) {
        bounds.last = std::min(bounds.last, c.value);
        bounded = true;
      }
    }
    if (!masked || bounds.first > bounds.last) continue;
    const auto block = block_mask(bounds);
    const bool joins = bounded && block && ((bits ^ bounds.first) & mask & *block) == 0;
    if (joins) {
      mask |= *block;
      bits |= bounds.first & *block;
    }
    std::erase_if(clause.conditions, [&](const Condition& c) {
      return c.arg == arg && (c.op == Op::masked_eq || (joins && (c.op == Op::ge || c.op == Op::le)));
    });
    clause.conditions.push_back({arg, Op::masked_eq, bits, mask});
  }
}

}  // namespace callgate::prove
