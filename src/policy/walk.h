// Two decisions walked together, splitting on one condition at a time. Every leaf is a product of exact argument
// regions on which both answers are settled; the leaves are disjoint and cover all arguments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "policy/effort.h"
#include "policy/policy.h"
#include "policy/region.h"

namespace callgate::policy {

// Where a walk stands in one decision: the clause tried and the next of its conditions.
struct Cursor {
  const Decision* decision;
  std::size_t clause = 0, condition = 0;
};

// The condition to ask next, or null where the action is settled.
inline const Condition* pending(const Cursor& at, Action& action) {
  const auto& clauses = at.decision->clauses;
  if (at.clause == clauses.size()) {
    action = at.decision->otherwise;
    return nullptr;
  }
  const Clause& clause = clauses[at.clause];
  if (at.condition == clause.conditions.size()) {
    action = clause.action;
    return nullptr;
  }
  return &clause.conditions[at.condition];
}

inline constexpr std::uint64_t kStepsPerRegion = 100;  // of effort

// Calls leaf(region, action of a, action of b) for each; stops once it returns false, and then returns false itself.
template <class Leaf>
bool walk(Cursor a, Cursor b, const CallRegion& region, const Leaf& leaf) {
  spend(kStepsPerRegion);
  Action action_a, action_b;
  const Condition* ask_a = pending(a, action_a);
  const Condition* ask_b = pending(b, action_b);
  if (ask_a == nullptr && ask_b == nullptr) return leaf(region, action_a, action_b);
  Cursor& asking = ask_a != nullptr ? a : b;
  const Condition& condition = ask_a != nullptr ? *ask_a : *ask_b;
  const Cursor before = asking;
  for (const bool truth : {true, false}) {
    CallRegion narrowed = region;
    narrowed.require(condition, truth);
    if (narrowed.args[condition.arg].empty()) continue;
    asking = before;
    if (truth) {
      ++asking.condition;
    } else {
      ++asking.clause;
      asking.condition = 0;
    }
    if (!walk(a, b, narrowed, leaf)) return false;
  }
  return true;
}

// The tokens that either policy lists and the least one that neither does, which stands for all the others. Sorted.
std::vector<AuditArch> tokens_of(const Policy& a, const Policy& b);

// Calls visit(first, last, decision of a, decision of b) for each range of numbers on which both are one decision;
// stops once it returns false.
template <class Visit>
bool for_each_range(AuditArch audit, const Policy& a, const Policy& b, const Visit& visit) {
  const std::vector<Run>&runs_a = a.runs_for(audit), &runs_b = b.runs_for(audit);
  for (std::size_t i = 0, j = 0; i < runs_a.size() && j < runs_b.size();) {
    const SyscallNr first = std::max(runs_a[i].first, runs_b[j].first);
    const SyscallNr last_a = runs_a[i].last, last_b = runs_b[j].last;
    if (!visit(first, std::min(last_a, last_b), a.decisions[runs_a[i].decision], b.decisions[runs_b[j].decision]))
      return false;
    if (last_a <= last_b) ++i;
    if (last_b <= last_a) ++j;
  }
  return true;
}

}  // namespace callgate::policy
