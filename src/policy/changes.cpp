// SPDX-License-Identifier: Apache-2.0
#include "policy/changes.h"

#include <map>
#include <optional>
#include <set>

#include "policy/algebra.h"
#include "policy/cells.h"

namespace callgate::policy {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// The interval without those of `gone`, in any order.
std::vector<Interval> without(Interval rest, std::vector<Interval> gone) {
  std::sort(gone.begin(), gone.end());
  std::vector<Interval> out;
  for (const Interval& each : gone) {
    if (each.last < rest.first) continue;
    if (each.first > rest.last) break;
    if (each.first > rest.first) out.push_back({rest.first, each.first - 1});
    if (each.last >= rest.last) return out;
    rest.first = each.last + 1;
  }
  out.push_back(rest);
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
  std::vector<Interval> gone;
  for (const MaskedValue& each : region.excluded()) {
    const auto interval = low_word_interval(each.mask, each.value);
    if (!interval) return std::nullopt;
    gone.push_back(*interval);
  }
  return ArgSet{without(*known, std::move(gone)), true, 0, 0, {}};
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

// Of many regions those are joined that differ in one argument, sorted by the others: one pass an argument for as long
// as that joins any.
void join_many(std::vector<RegionChange>& regions) {
  for (std::size_t before = regions.size() + 1; regions.size() < before;) {
    before = regions.size();
    for (std::size_t arg = 0; arg < 6; ++arg) {
      const auto key = [arg](const RegionChange& region) {
        auto others = region.args;
        others[arg] = {};
        return std::tuple(std::move(others), region.before, region.after, region.args[arg].is_plain(),
                          region.args[arg].low_word);
      };
      std::map<decltype(key(regions.front())), std::size_t> known;
      std::vector<RegionChange> joined;
      std::vector<std::vector<Interval>> parts;
      for (RegionChange& region : regions) {
        const auto [at, fresh] =
            region.args[arg].is_plain() ? known.try_emplace(key(region), joined.size()) : std::pair(known.end(), true);
        if (fresh) {
          parts.push_back(region.args[arg].intervals);
          joined.push_back(std::move(region));
          continue;
        }
        std::vector<Interval>& into = parts[at->second];
        into.insert(into.end(), region.args[arg].intervals.begin(), region.args[arg].intervals.end());
        joined[at->second].witness = std::min(joined[at->second].witness, region.witness);
      }
      for (std::size_t i = 0; i < joined.size(); ++i)
        if (joined[i].args[arg].is_plain()) joined[i].args[arg].intervals = united(parts[i], {});
      regions = std::move(joined);
    }
  }
}

void join_regions(std::vector<RegionChange>& regions) {
  constexpr std::size_t kComparedInPairs = 64;
  if (regions.size() > kComparedInPairs) return join_many(regions);
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

// The union as few sets: plain ones are one, those of low words another.
std::vector<std::pair<ArgSet, std::uint64_t>> arg_sets(const ArgUnion& values) {
  std::vector<std::pair<ArgSet, std::uint64_t>> out;  // with the least value
  std::array<std::vector<Interval>, 2> plain;         // [1]: low words
  std::array<std::uint64_t, 2> least{kAll, kAll};
  for (const ArgRegion& region : values.regions) {
    ArgSet set = arg_set(region);
    const std::uint64_t smallest = region.least().value_or(0);
    if (!set.is_plain()) {
      out.emplace_back(std::move(set), smallest);
      continue;
    }
    const std::size_t low = set.low_word ? 1 : 0;
    plain[low].insert(plain[low].end(), set.intervals.begin(), set.intervals.end());
    least[low] = std::min(least[low], smallest);
  }
  for (const std::size_t low : {0U, 1U})
    if (!plain[low].empty()) out.push_back({{united(plain[low], {}), low == 1, 0, 0, {}}, least[low]});
  return out;
}

void add_cell(const Cell& cell, Action before, Action after, std::vector<RegionChange>& out) {
  std::vector<RegionChange> made(1);
  made[0].before = before;
  made[0].after = after;
  for (std::size_t arg = 0; arg < cell.args.size(); ++arg) {
    const auto sets = arg_sets(*cell.args[arg]);
    const std::vector<RegionChange> so_far = std::exchange(made, {});
    for (const RegionChange& change : so_far)
      for (const auto& [set, least] : sets) {
        RegionChange& next = made.emplace_back(change);
        next.args[arg] = set;
        next.witness[arg] = least;
      }
  }
  out.insert(out.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
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
  if (a.clauses.size() + b.clauses.size() > kWalkedClauses) {
    for_each_cell(a, b, {}, Interest::differing, [&](const Cell& cell, Action of_a, Action of_b) {
      if (of_a != of_b) add_cell(cell, of_a, of_b, regions);
      return true;
    });
  } else {
    walk({&a}, {&b}, {}, [&](const CallRegion& region, Action of_a, Action of_b) {
      if (of_a == of_b) return true;
      RegionChange& change = regions.emplace_back();
      for (std::size_t i = 0; i < change.args.size(); ++i) change.args[i] = arg_set(region.args[i]);
      change.before = of_a;
      change.after = of_b;
      change.witness = region.least();
      return true;
    });
  }
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
    std::vector<Interval> gone;
    for (const MaskedValue& point : region.excluded()) gone.push_back({point.value, point.value});
    out.intervals = without(out.intervals.front(), std::move(gone));
    return out;
  }
  if (auto low = low_word_set(region)) return std::move(*low);
  out.known_mask = region.known_mask();
  out.known_bits = region.known_bits();
  // What the known bits or the interval rule out anyway is not worth words.
  std::set<std::pair<std::uint64_t, std::uint64_t>> told;
  for (const MaskedValue& each : region.excluded()) {
    const bool ruled_out = ((each.value ^ out.known_bits) & out.known_mask & each.mask) != 0 ||
                           (each.mask == kAll && (each.value < region.low() || each.value > region.high()));
    if (!ruled_out && told.emplace(each.mask, each.value).second) out.excluded.push_back(each);
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
