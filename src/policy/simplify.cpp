// Structural simplification of argument decisions, each step sound for every value of every argument.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/builder.h"
#include "policy/region.h"

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

}  // namespace

Decision simplify(Decision decision) {
  std::vector<Clause> kept;
  for (Clause& clause : decision.clauses) {
    const Truth truth = simplify_clause(clause);
    if (truth == Truth::never) continue;
    if (truth == Truth::always) {
      decision.otherwise = clause.action;
      break;
    }
    if (std::any_of(kept.begin(), kept.end(), [&](const Clause& earlier) { return covers(earlier, clause); })) continue;
    kept.push_back(std::move(clause));
  }
  while (!kept.empty() && kept.back().action == decision.otherwise) kept.pop_back();
  decision.clauses = std::move(kept);
  return decision;
}

}  // namespace callgate::policy
