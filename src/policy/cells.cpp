// See cells.h. What is left of a clause once variables are decided is a tail, interned; what is left of a decision, the
// tails that are still possible, in order, up to the first that holds whatever follows. Tails at the end that answer as
// what comes after them are dropped, so lists that differ in such tails alone are one.
// SPDX-License-Identifier: Apache-2.0
#include "policy/cells.h"

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "policy/effort.h"

namespace callgate::policy {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kStepsPerTail = 50;  // of effort: a tail is looked up in maps
using TailId = std::uint32_t;

std::uint64_t mixed(std::uint64_t h, std::uint64_t x) {
  return ((h ^ x) * 0x9e3779b97f4a7c15ULL) ^ (h >> 29);
}

std::uint64_t code_of(Action action) {
  return static_cast<std::uint64_t>(action.kind) << 16 | action.data;
}

struct ClauseHash {
  std::size_t operator()(const Clause& clause) const {
    std::uint64_t h = code_of(clause.action);
    for (const Condition& c : clause.conditions)
      h = mixed(mixed(mixed(h, c.value), c.mask), std::uint64_t{c.arg} << 8 | static_cast<std::uint64_t>(c.op));
    return h ^ h >> 32;
  }
};

// What is left of one decision.
struct Rest {
  std::vector<TailId> tails;
  Action otherwise;
  bool operator==(const Rest&) const = default;
};
struct Rests {
  std::array<Rest, 2> of;  // a, b
  bool operator==(const Rests&) const = default;
  bool settled() const { return of[0].tails.empty() && of[1].tails.empty(); }
};
struct RestsHash {
  std::size_t operator()(const Rests& rests) const {
    std::uint64_t h = 0;
    for (const Rest& rest : rests.of) {
      h = mixed(mixed(h, rest.tails.size()), code_of(rest.otherwise));
      for (const TailId id : rest.tails) h = mixed(h, id);
    }
    return h ^ h >> 32;
  }
};

// An argument under a mask; all bits set: the argument itself, whose orders count too.
struct Variable {
  std::uint8_t arg = 0;
  std::uint64_t mask = kAll;
  auto operator<=>(const Variable&) const = default;
  static Variable of(const Condition& c) { return {c.arg, c.op == Op::masked_eq ? c.mask : kAll}; }
  // Whether the condition can hold for one of its values alone.
  bool is_told_by(const Condition& c) const { return of(c) == *this || (c.op == Op::eq && c.arg == arg); }
};

struct Values {
  std::uint64_t first, last;  // inclusive
};

// The values of a variable for which all of these conditions on it hold: an interval less single values.
struct Asked {
  std::uint64_t low = 0, high = kAll;
  std::vector<std::uint64_t> without;
  bool empty = false;

  void add(const Condition& c, std::uint64_t mask) {
    const std::uint64_t v = c.value & mask;
    switch (c.op) {
      case Op::eq:
      case Op::masked_eq:
        low = std::max(low, v);
        high = std::min(high, v);
        break;
      case Op::ne:
        without.push_back(v);
        break;
      case Op::lt:
        v == 0 ? void(empty = true) : void(high = std::min(high, v - 1));
        break;
      case Op::le:
        high = std::min(high, v);
        break;
      case Op::gt:
        v == kAll ? void(empty = true) : void(low = std::max(low, v + 1));
        break;
      case Op::ge:
        low = std::max(low, v);
        break;
    }
    empty = empty || low > high;
  }
};

// The tails of both decisions that are possible at one place of a sweep, by their position in the list.
class Possible {
 public:
  struct Item {
    TailId tail;
    Action action;
    bool last;  // holds whatever follows
  };
  explicit Possible(Action otherwise) : otherwise_(otherwise) {}

  void put(std::uint32_t position, const Item& item) {
    if (item.last) {
      last_.emplace(position, item.action);
      return;
    }
    open_.emplace_hint(open_.end(), position, item.tail);
    auto& same = by_action_[item.action];
    same.insert(same.end(), position);
  }
  void take(std::uint32_t position, const Item& item) {
    if (item.last) {
      last_.erase(position);
      return;
    }
    open_.erase(position);
    by_action_[item.action].erase(position);
  }
  Rest rest(std::vector<std::uint32_t>& seen, std::uint32_t& stamp) const {
    Rest out{{}, last_.empty() ? otherwise_ : last_.begin()->second};
    const std::uint32_t end = last_.empty() ? ~std::uint32_t{0} : last_.begin()->first;
    std::uint32_t keep = 0;  // positions below it
    for (const auto& [action, positions] : by_action_) {
      if (action == out.otherwise) continue;
      const auto after = positions.lower_bound(end);
      if (after != positions.begin()) keep = std::max(keep, *std::prev(after) + 1);
    }
    ++stamp;
    for (auto at = open_.begin(); at != open_.end() && at->first < keep; ++at)
      if (std::exchange(seen[at->second], stamp) != stamp) out.tails.push_back(at->second);
    return out;
  }

 private:
  Action otherwise_;
  std::map<std::uint32_t, Action> last_;
  std::map<std::uint32_t, TailId> open_;
  std::map<Action, std::set<std::uint32_t>> by_action_;
};

class Cells {
 public:
  Cells(Interest interest, const CellVisit& visit, std::uint64_t most_work)
      : interest_(interest), visit_(visit), most_work_(most_work) {}

  bool run(const Decision& a, const Decision& b, const CallRegion& within) {
    Cell cell;
    for (std::size_t i = 0; i < cell.args.size(); ++i) {
      auto everything = united({within.args[i]});
      if (!everything) return true;
      cell.args[i] = std::move(everything);
    }
    return solve({{rest_of(a), rest_of(b)}}, cell);
  }

 private:
  // Values of the variable that leave the same rests.
  struct Group {
    Rests rests;
    std::vector<Values> values;
    bool others = false;  // all values that no condition names, where the variable has a mask
  };
  struct Mention {
    std::uint32_t position;
    Asked asked;
  };
  struct Split {
    std::array<Possible, 2> possible;
    std::vector<Group> groups;
    std::unordered_map<Rests, std::size_t, RestsHash> known;
    std::optional<std::size_t> base;  // the group where none of the mentioned tails is possible
    std::size_t mentioned = 0;        // of these, how many are possible
  };

  static std::shared_ptr<const ArgUnion> united(std::vector<ArgRegion> regions) {
    auto out = std::make_shared<ArgUnion>();
    out->smallest = kAll;
    for (ArgRegion& region : regions) {
      const auto least = region.least();
      if (!least) continue;
      out->smallest = std::min(out->smallest, *least);
      out->regions.push_back(std::move(region));
    }
    if (out->regions.empty()) return nullptr;
    return out;
  }

  TailId intern(Clause tail) {
    const auto [at, fresh] = ids_.try_emplace(std::move(tail), static_cast<TailId>(tails_.size()));
    if (fresh) {
      tails_.push_back(&at->first);
      seen_.push_back(0);
    }
    return at->second;
  }

  // What the sweep of a variable comes to.
  struct Seen {
    std::vector<std::pair<std::uint64_t, std::int32_t>> events;  // a tail becomes possible, or no longer is
    std::size_t tails = 0;
    std::uint32_t last = ~std::uint32_t{0};  // tail counted
  };

  Rest rest_of(const Decision& decision);
  void add_values_under_masks(const Rests& rests, std::map<Variable, Seen>& all) const;
  Variable choose(const Rests& rests) const;
  bool solve(const Rests& rests, const Cell& cell);
  std::vector<Group> split(const Rests& rests, Variable variable);
  void sweep(Split& split, const std::vector<Mention>& mentions, const std::vector<Possible::Item>& items,
             std::size_t of_a);
  void sweep_masked(Split& split, std::vector<Mention>& mentions, const std::vector<Possible::Item>& items,
                    std::size_t of_a);
  Group& group(Split& split);
  static std::vector<ArgRegion> narrowed(const ArgUnion& now, Variable variable, const Group& group,
                                         const std::vector<Group>& all);

  Interest interest_;
  const CellVisit& visit_;
  std::uint64_t most_work_, work_ = 0;
  std::unordered_map<Clause, TailId, ClauseHash> ids_;
  std::vector<const Clause*> tails_;
  std::vector<std::uint32_t> seen_;  // by tail
  std::uint32_t stamp_ = 0;
};

Rest Cells::rest_of(const Decision& decision) {
  Rest out{{}, decision.otherwise};
  for (const Clause& clause : decision.clauses) {
    Clause tail{{}, clause.action};
    bool possible = true;
    for (Condition c : clause.conditions) {
      if (c.op == Op::masked_eq) {
        possible = possible && (c.value & ~c.mask) == 0;
        if (c.mask == 0) continue;
        if (c.mask == kAll) c.op = Op::eq;
      }
      tail.conditions.push_back(c);
    }
    if (!possible) continue;
    if (tail.conditions.empty()) {
      out.otherwise = tail.action;
      break;
    }
    out.tails.push_back(intern(std::move(tail)));
  }
  while (!out.tails.empty() && tails_[out.tails.back()]->action == out.otherwise) out.tails.pop_back();
  return out;
}

// A tail that asks for one value of an argument is possible for one of what a mask leaves of it, too.
void Cells::add_values_under_masks(const Rests& rests, std::map<Variable, Seen>& all) const {
  std::array<std::vector<std::pair<std::uint64_t, Seen*>>, 6> masks;
  for (auto& [variable, seen] : all)
    if (variable.mask != kAll) masks[variable.arg].emplace_back(variable.mask, &seen);
  constexpr std::size_t kFewMasks = 16;
  std::uint32_t position = 0;
  for (const Rest& rest : rests.of)
    for (const TailId id : rest.tails) {
      for (const Condition& c : tails_[id]->conditions) {
        if (c.op != Op::eq || masks[c.arg].size() > kFewMasks) continue;
        for (const auto& [mask, seen] : masks[c.arg]) {
          if (std::exchange(seen->last, position) == position) continue;
          ++seen->tails;
          seen->events.emplace_back(c.value & mask, 1);
          seen->events.emplace_back((c.value & mask) + 1, -1);
        }
      }
      ++position;
    }
}

// The variable whose sweep has the least to say: the tails that are possible, summed over its values.
Variable Cells::choose(const Rests& rests) const {
  std::map<Variable, Seen> all;
  std::uint32_t position = 0;
  for (const Rest& rest : rests.of)
    for (const TailId id : rest.tails) {
      const auto& conditions = tails_[id]->conditions;
      for (const Condition& c : conditions) {
        const Variable variable = Variable::of(c);
        Seen& seen = all[variable];
        if (std::exchange(seen.last, position) == position) continue;
        ++seen.tails;
        Asked asked;
        for (const Condition& other : conditions)
          if (variable.is_told_by(other)) asked.add(other, variable.mask);
        if (asked.empty) continue;
        seen.events.emplace_back(asked.low, 1);
        if (asked.high != kAll) seen.events.emplace_back(asked.high + 1, -1);
        for (const std::uint64_t v : asked.without) {
          seen.events.emplace_back(v, -1);
          if (v != kAll) seen.events.emplace_back(v + 1, 1);
        }
      }
      ++position;
    }
  Variable best = all.begin()->first;
  if (all.size() == 1) return best;
  add_values_under_masks(rests, all);
  double least = -1;
  for (auto& [variable, seen] : all) {
    std::sort(seen.events.begin(), seen.events.end());
    const auto always = static_cast<double>(position - seen.tails);
    double cost = always, possible = 0;
    for (std::size_t i = 0; i < seen.events.size(); ++i) {
      possible += seen.events[i].second;
      const bool ends = i + 1 == seen.events.size() || seen.events[i + 1].first != seen.events[i].first;
      if (ends && possible > 0) cost += always + possible;
    }
    if (least >= 0 && cost >= least && !(cost <= least && variable.mask == kAll)) continue;
    least = cost;
    best = variable;
  }
  return best;
}

Cells::Group& Cells::group(Split& split) {
  ++work_;
  if (split.mentioned == 0 && split.base) return split.groups[*split.base];
  Rests rests{{split.possible[0].rest(seen_, stamp_), split.possible[1].rest(seen_, stamp_)}};
  const std::size_t tails = rests.of[0].tails.size() + rests.of[1].tails.size();
  work_ += tails;
  spend(tails);
  const auto [at, fresh] = split.known.try_emplace(rests, split.groups.size());
  if (fresh) split.groups.push_back({std::move(rests), {}});
  if (split.mentioned == 0) split.base = at->second;
  return split.groups[at->second];
}

void Cells::sweep(Split& split, const std::vector<Mention>& mentions, const std::vector<Possible::Item>& items,
                  std::size_t of_a) {
  struct Event {
    std::uint64_t at;
    std::uint32_t position;
    bool begins;
  };
  std::vector<Event> events;
  for (const Mention& mention : mentions) {
    const Asked& asked = mention.asked;
    if (asked.empty) continue;
    std::vector<std::uint64_t> holes = asked.without;
    std::sort(holes.begin(), holes.end());
    std::uint64_t from = asked.low;
    bool more = true;
    for (const std::uint64_t hole : holes) {
      if (hole < from || hole > asked.high) continue;
      if (hole > from) {
        events.push_back({from, mention.position, true});
        events.push_back({hole, mention.position, false});
      }
      more = hole != asked.high;
      if (!more) break;
      from = hole + 1;
    }
    if (!more) continue;
    events.push_back({from, mention.position, true});
    if (asked.high != kAll) events.push_back({asked.high + 1, mention.position, false});
  }
  // Ends before beginnings, so that a tail may go on where it ended.
  std::sort(events.begin(), events.end(), [](const Event& x, const Event& y) {
    return x.at != y.at ? x.at < y.at : x.begins != y.begins ? y.begins : x.position < y.position;
  });
  std::uint64_t from = 0;
  for (std::size_t i = 0;;) {
    for (; i < events.size() && events[i].at == from; ++i) {
      const Event& event = events[i];
      Possible& possible = split.possible[event.position < of_a ? 0 : 1];
      event.begins ? possible.put(event.position, items[event.position])
                   : possible.take(event.position, items[event.position]);
      event.begins ? ++split.mentioned : --split.mentioned;
    }
    const std::uint64_t last = i == events.size() ? kAll : events[i].at - 1;
    std::vector<Values>& values = group(split).values;
    if (!values.empty() && values.back().last + 1 == from)
      values.back().last = last;
    else
      values.push_back({from, last});
    if (i == events.size()) return;
    from = events[i].at;
  }
}

void Cells::sweep_masked(Split& split, std::vector<Mention>& mentions, const std::vector<Possible::Item>& items,
                         std::size_t of_a) {
  std::erase_if(mentions, [](const Mention& mention) { return mention.asked.empty; });
  std::stable_sort(mentions.begin(), mentions.end(),
                   [](const Mention& x, const Mention& y) { return x.asked.low < y.asked.low; });
  for (std::size_t i = 0; i < mentions.size();) {
    const std::uint64_t value = mentions[i].asked.low;
    std::size_t end = i;
    for (; end < mentions.size() && mentions[end].asked.low == value; ++end, ++split.mentioned)
      split.possible[mentions[end].position < of_a ? 0 : 1].put(mentions[end].position, items[mentions[end].position]);
    group(split).values.push_back({value, value});
    for (; i < end; ++i, --split.mentioned)
      split.possible[mentions[i].position < of_a ? 0 : 1].take(mentions[i].position, items[mentions[i].position]);
  }
  group(split).others = true;
}

std::vector<Cells::Group> Cells::split(const Rests& rests, Variable variable) {
  Split out{{Possible(rests.of[0].otherwise), Possible(rests.of[1].otherwise)}, {}, {}, std::nullopt, 0};
  std::vector<Possible::Item> items;
  std::vector<Mention> mentions;
  for (std::size_t side = 0; side < 2; ++side)
    for (const TailId id : rests.of[side].tails) {
      const auto position = static_cast<std::uint32_t>(items.size());
      Asked asked;
      Clause tail{{}, tails_[id]->action};
      bool mentioned = false;
      for (const Condition& c : tails_[id]->conditions) {
        if (Variable::of(c) != variable) tail.conditions.push_back(c);
        if (!variable.is_told_by(c)) continue;
        mentioned = true;
        asked.add(c, variable.mask);
      }
      const bool last = tail.conditions.empty();
      items.push_back({mentioned && !last ? intern(tail) : id, tail.action, last});
      if (mentioned)
        mentions.push_back({position, std::move(asked)});
      else
        out.possible[side].put(position, items.back());
    }
  const std::size_t of_a = rests.of[0].tails.size();
  if (variable.mask == kAll)
    sweep(out, mentions, items, of_a);
  else
    sweep_masked(out, mentions, items, of_a);
  return std::move(out.groups);
}

std::vector<ArgRegion> Cells::narrowed(const ArgUnion& now, Variable variable, const Group& group,
                                       const std::vector<Group>& all) {
  std::vector<ArgRegion> out;
  out.reserve(now.regions.size() * (group.values.size() + (group.others ? 1 : 0)));
  for (const ArgRegion& region : now.regions) {
    for (const Values& values : group.values) {
      ArgRegion part = region;
      if (variable.mask != kAll) {
        part.require({variable.arg, Op::masked_eq, values.first, variable.mask}, true);
      } else {
        if (values.first != 0) part.require({variable.arg, Op::ge, values.first}, true);
        if (values.last != kAll) part.require({variable.arg, Op::le, values.last}, true);
      }
      out.push_back(std::move(part));
    }
    if (!group.others) continue;
    ArgRegion part = region;
    for (const Group& each : all)
      for (const Values& values : each.values)
        part.require({variable.arg, Op::masked_eq, values.first, variable.mask}, false);
    out.push_back(std::move(part));
  }
  return out;
}

bool Cells::solve(const Rests& rests, const Cell& cell) {
  if (interest_ == Interest::differing && rests.of[0] == rests.of[1]) return true;
  if (rests.settled()) return visit_(cell, rests.of[0].otherwise, rests.of[1].otherwise);
  if (work_ > most_work_) return false;
  spend(kStepsPerTail * (rests.of[0].tails.size() + rests.of[1].tails.size()));
  const Variable variable = choose(rests);
  const std::vector<Group> groups = split(rests, variable);
  for (const Group& group : groups) {
    if (interest_ == Interest::differing && group.rests.of[0] == group.rests.of[1]) continue;
    Cell part = cell;
    part.args[variable.arg] = united(narrowed(*cell.args[variable.arg], variable, group, groups));
    const std::size_t regions = group.values.size() * cell.args[variable.arg]->regions.size();
    work_ += regions;
    spend(kStepsPerTail * regions);
    if (part.args[variable.arg] && !solve(group.rests, part)) return false;
  }
  return true;
}

}  // namespace

bool for_each_cell(const Decision& a, const Decision& b, const CallRegion& within, Interest interest,
                   const CellVisit& visit, std::uint64_t most_work) {
  return Cells(interest, visit, most_work).run(a, b, within);
}

}  // namespace callgate::policy
