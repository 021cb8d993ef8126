// Structural simplification of argument decisions, each step sound for every value of every argument.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "policy/builder.h"
#include "policy/cells.h"

namespace callgate::policy {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
enum class Truth { always, never, depends };

// Strict orders become non-strict, full masks plain equality; says whether the condition decides anything.
Truth normalise(Condition& c) {
  if (c.op == Op::gt) {
    if (c.value == kAll) return Truth::never;
    c = {c.arg, Op::ge, c.value + 1};
  }
  if (c.op == Op::lt) {
    if (c.value == 0) return Truth::never;
    c = {c.arg, Op::le, c.value - 1};
  }
  if (c.op == Op::masked_eq) {
    if ((c.value & ~c.mask) != 0) return Truth::never;
    if (c.mask == 0) return Truth::always;
    if (c.mask == kAll) c.op = Op::eq;
  }
  if (c.op == Op::ge && c.value == 0) return Truth::always;
  if (c.op == Op::le && c.value == kAll) return Truth::always;
  if (c.op == Op::ge && c.value == kAll) c.op = Op::eq;
  if (c.op == Op::le && c.value == 0) c.op = Op::eq;
  if (c.op != Op::masked_eq) c.mask = kAll;
  return Truth::depends;
}

bool is_masked(const Condition& c) {
  return c.op == Op::eq || c.op == Op::masked_eq;
}

// Whether every value that satisfies all of `given` (on that argument) satisfies `c`.
bool implied(const Condition& c, const std::vector<Condition>& given, const Condition* skip) {
  const Condition* only = nullptr;
  std::size_t count = 0;
  for (const Condition& g : given)
    if (&g != skip && g.arg == c.arg) {
      only = &g;
      ++count;
    }
  if (count == 0) return false;  // a normalised condition is never always true
  if (count == 1 && *only == c) return true;
  // The common cases without a region: a value known whole, and bits implied by bits (eq has all of them in its mask).
  if (count == 1 && only->op == Op::eq) return holds(c, only->value);
  if (count == 1 && is_masked(*only) && is_masked(c))
    return (c.mask & ~only->mask) == 0 && (only->value & c.mask) == c.value;
  ArgRegion region;
  for (const Condition& g : given)
    if (&g != skip && g.arg == c.arg) region.require(g, true);
  region.require(c, false);
  return region.empty();
}

bool one_each(const std::vector<Condition>& sorted) {
  return std::adjacent_find(sorted.begin(), sorted.end(),
                            [](const Condition& a, const Condition& b) { return a.arg == b.arg; }) == sorted.end();
}

Truth simplify_clause(Clause& clause) {
  std::vector<Condition> kept;
  for (Condition c : clause.conditions) {
    const Truth truth = normalise(c);
    if (truth == Truth::never) return Truth::never;
    if (truth == Truth::depends) kept.push_back(c);
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (!one_each(kept)) {  // one normalised condition an argument is satisfiable and irredundant
    CallRegion region;
    for (const Condition& c : kept) region.require(c, true);
    for (const ArgRegion& arg : region.args)
      if (arg.empty()) return Truth::never;
    for (std::size_t i = 0; i < kept.size();) {
      if (implied(kept[i], kept, &kept[i])) {
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }
  clause.conditions = std::move(kept);
  return clause.conditions.empty() ? Truth::always : Truth::depends;
}

bool covers(const Clause& earlier, const Clause& later) {
  return std::all_of(earlier.conditions.begin(), earlier.conditions.end(),
                     [&](const Condition& c) { return implied(c, later.conditions, nullptr); });
}

// The bits of each argument that conditions of equality settle.
struct Known {
  std::array<std::uint64_t, 6> mask{}, bits{};
  explicit Known(const Clause& clause) {
    for (const Condition& c : clause.conditions)
      if (is_masked(c)) {
        mask[c.arg] |= c.mask;
        bits[c.arg] |= c.value;
      }
  }
};

// Clauses kept so far. Up to kInPairs each new one is compared with all of them. Of more, those that only ask for
// equality are found by what they ask for; others only where they are the same or among the first few, so that a
// clause may stay which an earlier one covers.
class KeptClauses {
 public:
  bool cover(const Clause& clause) const {
    const std::size_t compared = std::min(clauses_.size(), clauses_.size() <= kInPairs ? kInPairs : kFew);
    const auto end = clauses_.begin() + static_cast<std::ptrdiff_t>(compared);
    if (std::any_of(clauses_.begin(), end, [&](const Clause& earlier) { return covers(earlier, clause); })) return true;
    if (compared == clauses_.size()) return false;
    if (same_.contains(clause.conditions)) return true;
    const Known known(clause);
    return std::any_of(shapes_.begin(), shapes_.end(), [&](const auto& each) {
      std::vector<std::uint64_t> values;
      for (const auto& [arg, mask] : each.first) {
        if ((mask & ~known.mask[arg]) != 0) return false;
        values.push_back(known.bits[arg] & mask);
      }
      return each.second.contains(values);
    });
  }

  void add(Clause clause) {
    same_.insert(clause.conditions);
    if (std::all_of(clause.conditions.begin(), clause.conditions.end(), is_masked)) {
      Shape shape;
      std::vector<std::uint64_t> values;
      for (const Condition& c : clause.conditions) {
        shape.emplace_back(c.arg, c.mask);
        values.push_back(c.value);
      }
      if (shapes_.size() < kShapes || shapes_.contains(shape)) shapes_[std::move(shape)].insert(std::move(values));
    }
    clauses_.push_back(std::move(clause));
  }

  std::vector<Clause> take() { return std::move(clauses_); }

 private:
  static constexpr std::size_t kInPairs = 256, kFew = 64, kShapes = 64;
  using Shape = std::vector<std::pair<std::uint8_t, std::uint64_t>>;  // argument and mask of each condition
  std::vector<Clause> clauses_;
  std::map<Shape, std::set<std::vector<std::uint64_t>>> shapes_;
  std::set<std::vector<Condition>> same_;
};

// One region of an argument as conditions; false where it takes exclusions.
bool add_conditions(std::uint8_t arg, const ArgRegion& region, std::vector<Condition>& out) {
  if (!region.excluded().empty()) return false;
  const std::uint64_t low = region.low(), high = region.high();
  if (low == high) {
    out.push_back({arg, Op::eq, low});
    return true;
  }
  if (high != kAll) out.push_back({arg, Op::le, high});
  if (low != 0) out.push_back({arg, Op::ge, low});
  if (region.known_mask() != 0) out.push_back({arg, Op::masked_eq, region.known_bits(), region.known_mask()});
  return true;
}

// The products of one region an argument that a cell consists of, as clauses; false where there are more than `most`.
bool add_cell(const Cell& cell, Action action, std::size_t most, std::vector<Clause>& out) {
  std::size_t products = 1;
  for (const auto& arg : cell.args) products = std::min(products * arg->regions.size(), most + 1);
  if (out.size() + products > most) return false;
  std::vector<Clause> made{{{}, action}};
  std::uint8_t index = 0;
  for (const auto& arg : cell.args) {
    const std::vector<Clause> so_far = std::exchange(made, {});
    for (const Clause& clause : so_far)
      for (const ArgRegion& region : arg->regions)
        if (!add_conditions(index, region, made.emplace_back(clause).conditions)) return false;
    ++index;
  }
  out.insert(out.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  return true;
}

// The same function as disjoint clauses, if they are no more than there are now and found without much work.
std::optional<Decision> disjoint_form(const Decision& decision) {
  constexpr std::uint64_t kWorkPerClause = 64;
  const std::size_t most = decision.clauses.size();
  Decision out{{}, decision.otherwise};
  const bool good = for_each_cell(
      decision, {{}, decision.otherwise}, {}, Interest::differing,
      [&](const Cell& cell, Action action, Action) {
        return action == decision.otherwise || add_cell(cell, action, most, out.clauses);
      },
      most * kWorkPerClause);
  if (!good) return std::nullopt;
  if (out.clauses.size() == 1 && out.clauses[0].conditions.empty()) return Decision{{}, out.clauses[0].action};
  for (Clause& clause : out.clauses) std::sort(clause.conditions.begin(), clause.conditions.end());
  std::sort(out.clauses.begin(), out.clauses.end(), [](const Clause& a, const Clause& b) {
    const auto key = [](const Clause& clause) {
      std::array<std::uint64_t, 6> least{};
      for (const Condition& c : clause.conditions)
        if (c.op != Op::le) least[c.arg] = std::max(least[c.arg], c.value);
      return least;
    };
    return std::pair(key(a), a) < std::pair(key(b), b);
  });
  return out;
}

constexpr std::size_t kManyClauses = 256;  // beyond, a disjoint form is looked for

}  // namespace

Decision simplify(Decision decision) {
  KeptClauses kept;
  for (Clause& clause : decision.clauses) {
    const Truth truth = simplify_clause(clause);
    if (truth == Truth::never) continue;
    if (truth == Truth::always) {
      decision.otherwise = clause.action;
      break;
    }
    if (!kept.cover(clause)) kept.add(std::move(clause));
  }
  decision.clauses = kept.take();
  auto& clauses = decision.clauses;
  while (!clauses.empty() && clauses.back().action == decision.otherwise) clauses.pop_back();
  if (clauses.size() <= kManyClauses) return decision;
  if (auto disjoint = disjoint_form(decision)) return std::move(*disjoint);
  return decision;
}

}  // namespace callgate::policy
