// SPDX-License-Identifier: Apache-2.0
#include "prove/word_ranges.h"

#include <algorithm>
#include <bit>

namespace callgate::prove {

namespace {

using Interval = WordRanges::Interval;

void add(std::vector<Interval>& to, std::uint32_t first, std::uint32_t last) {
  if (!to.empty() && to.back().last + 1 == first && first != 0)
    to.back().last = last;
  else
    to.push_back({first, last});
}

// Splits [first, last] at `k`: what is below (or at) it, and what is above.
void split_order(Interval whole, std::uint32_t k, std::vector<Interval>& above, std::vector<Interval>& rest) {
  if (whole.last <= k) return add(rest, whole.first, whole.last);
  if (whole.first > k) return add(above, whole.first, whole.last);
  add(rest, whole.first, k);
  add(above, k + 1, whole.last);
}

void split_equal(Interval whole, std::uint32_t k, std::vector<Interval>& same, std::vector<Interval>& rest) {
  if (k < whole.first || k > whole.last) return add(rest, whole.first, whole.last);
  if (whole.first < k) add(rest, whole.first, k - 1);
  add(same, k, k);
  if (k < whole.last) add(rest, k + 1, whole.last);
}

// Splits by bisection into aligned blocks on which the masked test is settled.
class MaskSplit {
 public:
  MaskSplit(const WordTest& test, std::vector<Interval>& yes, std::vector<Interval>& no)
      : test_(test), yes_(yes), no_(no) {}

  // False if there are too many blocks.
  bool run(Interval whole) {
    for (std::uint64_t at = whole.first; at <= whole.last;) {
      std::uint64_t size = at == 0 ? std::uint64_t{1} << 32 : at & (~at + 1);
      while (at + size - 1 > whole.last) size >>= 1;
      if (!block(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size - 1))) return false;
      at += size;
    }
    return true;
  }

 private:
  bool block(std::uint32_t first, std::uint32_t free_bits) {
    const std::uint32_t low = first & test_.mask, high = low | (free_bits & test_.mask);
    std::optional<bool> settled;
    if (test_.relation == Relation::eq) {
      const std::uint32_t fixed = test_.mask & ~free_bits;
      if (((first ^ test_.k) & fixed) != 0 || (test_.k & ~test_.mask) != 0)
        settled = false;
      else if (low == high)
        settled = true;
    } else if (low > test_.k) {
      settled = true;
    } else if (high <= test_.k) {
      settled = false;
    }
    if (settled) {
      add(*settled ? yes_ : no_, first, first | free_bits);
      return yes_.size() + no_.size() <= WordRanges::kMaxIntervals;
    }
    const std::uint32_t half = free_bits >> 1;
    return block(first, half) && block(first | (half + 1), half);
  }

  const WordTest& test_;
  std::vector<Interval>&yes_, &no_;
};

}  // namespace

WordRanges WordRanges::everything() {
  WordRanges all;
  all.intervals_ = {{0, 0xffffffff}};
  return all;
}

std::uint64_t WordRanges::count() const {
  std::uint64_t sum = 0;
  for (const Interval& each : intervals_) sum += std::uint64_t{each.last} - each.first + 1;
  return sum;
}

std::optional<WordRanges> WordRanges::take(const WordTest& test) {
  WordRanges taken;
  std::vector<Interval>& yes = taken.intervals_;
  std::vector<Interval> no;
  if (test.mask == 0xffffffff && test.relation == Relation::eq) {
    // By far the most frequent test: one interval changes.
    const auto at = std::lower_bound(intervals_.begin(), intervals_.end(), test.k,
                                     [](const Interval& each, std::uint32_t k) { return each.last < k; });
    if (at != intervals_.end() && at->first <= test.k) {
      split_equal(*at, test.k, yes, no);
      if (no.size() == 1)
        *at = no.front();
      else
        intervals_.insert(intervals_.erase(at), no.begin(), no.end());
    }
    if (test.negated) std::swap(taken, *this);
    return taken;
  }
  MaskSplit masked(test, yes, no);
  for (const Interval& each : intervals_) {
    if (test.mask == 0xffffffff)
      split_order(each, test.k, yes, no);
    else if (!masked.run(each))
      return std::nullopt;
  }
  intervals_ = std::move(no);
  if (test.negated) std::swap(taken, *this);
  return taken;
}

void WordRanges::append(const WordRanges& other) {
  intervals_.insert(intervals_.end(), other.intervals_.begin(), other.intervals_.end());
}

void WordRanges::ordered() {
  std::sort(intervals_.begin(), intervals_.end());
  std::vector<Interval> joined;
  joined.reserve(intervals_.size());
  for (const Interval& each : intervals_) add(joined, each.first, each.last);
  intervals_ = std::move(joined);
}

}  // namespace callgate::prove
