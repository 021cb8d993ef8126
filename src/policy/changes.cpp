// SPDX-License-Identifier: Apache-2.0
#include "policy/changes.h"

#include <optional>

#include "policy/algebra.h"
#include "policy/walk.h"

namespace callgate::policy {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// Takes `gone` out of sorted intervals.
std::vector<Interval> without(const std::vector<Interval>& intervals, const Interval& gone) {
  std::vector<Interval> out;
  for (const Interval& each : intervals) {
    if (gone.last < each.first || gone.first > each.last) {
      out.push_back(each);
      continue;
    }
    if (each.first < gone.first) out.push_back({each.first, gone.first - 1});
    if (gone.last < each.last) out.push_back({gone.last + 1, each.last});
  }
  return out;
}

// The values with (v & mask) == value as an interval of the low word, if they are one: the mask then is the word's
// upper bits.
std::optional<Interval> low_word_interval(std::uint64_t mask, std::uint64_t value) {
  constexpr std::uint64_t kWord = 0xffffffff;
  const std::uint64_t free = kWord & ~mask;
  if ((mask & ~kWord) != 0 || (free & (free + 1)) != 0) return std::nullopt;
  return Interval{value, value | free};
}

// A region of masks that speak of the low word alone and are intervals of it: libseccomp's spelling of conditions on
// 32-bit architectures.
std::optional<ArgSet> low_word_set(const ArgRegion& region) {
  if (region.low() != 0 || region.high() != kAll) return std::nullopt;
  const auto known = low_word_interval(region.known_mask(), region.known_bits());
  if (!known) return std::nullopt;
  ArgSet out{{*known}, true, 0, 0, {}};
  for (const MaskedValue& each : region.excluded()) {
    const auto gone = low_word_interval(each.mask, each.value);
    if (!gone) return std::nullopt;
    out.intervals = without(out.intervals, *gone);
  }
  return out;
}

std::vector<Interval> united(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  std::vector<Interval> out;
  for (const Interval& each : all) {
    if (!out.empty() && (out.back().last == kAll || each.first <= out.back().last + 1))
      out.back().last = std::max(out.back().last, each.last);
    else
      out.push_back(each);
  }
  return out;
}

// Makes one of two regions that differ in at most one argument, and there in plain sets alone.
bool absorb(RegionChange& into, const RegionChange& other) {
  if (into.before != other.before || into.after != other.after) return false;
  std::optional<std::size_t> differing;
  for (std::size_t i = 0; i < into.args.size(); ++i) {
    if (into.args[i] == other.args[i]) continue;
    if (differing || !into.args[i].is_plain() || !other.args[i].is_plain() ||
        into.args[i].low_word != other.args[i].low_word)
      return false;
    differing = i;
  }
  if (differing)
    into.args[*differing].intervals = united(into.args[*differing].intervals, other.args[*differing].intervals);
  into.witness = std::min(into.witness, other.witness);
  return true;
}

void join_regions(std::vector<RegionChange>& regions) {
  for (bool joined = true; joined;) {
    joined = false;
    for (std::size_t i = 0; i < regions.size(); ++i)
      for (std::size_t j = i + 1; j < regions.size(); ++j) {
        if (!absorb(regions[i], regions[j])) continue;
        regions.erase(regions.begin() + static_cast<std::ptrdiff_t>(j--));
        joined = true;
      }
  }
}

std::vector<RegionChange> decision_changes(const Decision& a, const Decision& b) {
  std::vector<RegionChange> regions;
  if (a == b) return regions;
  if (a.is_constant() && b.is_constant()) {
    RegionChange& change = regions.emplace_back();
    for (ArgSet& set : change.args) set.intervals = {{0, kAll}};
    change.before = a.otherwise;
    change.after = b.otherwise;
    return regions;
  }
  walk({&a}, {&b}, {}, [&](const CallRegion& region, Action of_a, Action of_b) {
    if (of_a == of_b) return true;
    RegionChange& change = regions.emplace_back();
    for (std::size_t i = 0; i < change.args.size(); ++i) change.args[i] = arg_set(region.args[i]);
    change.before = of_a;
    change.after = of_b;
    change.witness = region.least();
    return true;
  });
  join_regions(regions);
  std::sort(regions.begin(), regions.end(),
            [](const RegionChange& x, const RegionChange& y) { return x.witness < y.witness; });
  return regions;
}

bool same_regions(const std::vector<RegionChange>& a, const std::vector<RegionChange>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RegionChange& x, const RegionChange& y) {
    return x.args == y.args && x.before == y.before && x.after == y.after;
  });
}

}  // namespace

bool ArgSet::is_everything() const {
  return is_plain() && intervals.size() == 1 && intervals[0] == Interval{0, low_word ? kAll >> 32 : kAll};
}

ArgSet arg_set(const ArgRegion& region) {
  ArgSet out;
  out.intervals = {{region.low(), region.high()}};
  const bool points_only = std::all_of(region.excluded().begin(), region.excluded().end(),
                                       [](const MaskedValue& x) { return x.mask == kAll; });
  if (region.known_mask() == 0 && points_only) {
    for (const MaskedValue& point : region.excluded())
      out.intervals = without(out.intervals, {point.value, point.value});
    return out;
  }
  if (auto low = low_word_set(region)) return std::move(*low);
  out.known_mask = region.known_mask();
  out.known_bits = region.known_bits();
  // What the known bits or the interval rule out anyway is not worth words.
  for (const MaskedValue& each : region.excluded()) {
    const bool ruled_out = ((each.value ^ out.known_bits) & out.known_mask & each.mask) != 0 ||
                           (each.mask == kAll && (each.value < region.low() || each.value > region.high()));
    const bool known = std::find(out.excluded.begin(), out.excluded.end(), each) != out.excluded.end();
    if (!ruled_out && !known) out.excluded.push_back(each);
  }
  if (out.known_mask == kAll) out = {{{out.known_bits, out.known_bits}}, false, 0, 0, {}};
  return out;
}

std::vector<Change> changes(const Policy& a, const Policy& b) {
  std::vector<Change> out;
  const auto listed = [](const Policy& policy, AuditArch audit) {
    return std::any_of(policy.archs.begin(), policy.archs.end(), [&](const ArchRuns& x) { return x.audit == audit; });
  };
  for (const AuditArch audit : tokens_of(a, b)) {
    const bool is_other = !listed(a, audit) && !listed(b, audit);
    for_each_range(audit, a, b, [&](SyscallNr first, SyscallNr last, const Decision& of_a, const Decision& of_b) {
      std::vector<RegionChange> regions = decision_changes(of_a, of_b);
      if (regions.empty()) return true;
      Change* const before = out.empty() ? nullptr : &out.back();
      if (before != nullptr && before->audit == audit && before->last + 1 == first &&
          same_regions(before->regions, regions))
        before->last = last;
      else
        out.push_back({audit, is_other, first, last, std::move(regions)});
      return true;
    });
  }
  return out;
}

Direction direction(Action before, Action after) {
  const int was = permissiveness(before.kind), is = permissiveness(after.kind);
  return is > was ? Direction::widened : is < was ? Direction::narrowed : Direction::changed;
}

}  // namespace callgate::policy
