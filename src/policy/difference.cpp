// first_difference: both decisions are walked together, splitting on one condition at a time; every leaf is a product
// of exact argument regions, so its least member is the least of each argument.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "policy/policy.h"
#include "policy/region.h"

namespace callgate::policy {

namespace {

using Arguments = std::array<std::uint64_t, 6>;

// Where a walk stands in one decision: the clause tried and the next of its conditions.
struct Cursor {
  const Decision* decision;
  std::size_t clause = 0, condition = 0;
};

// The condition to ask next, or nothing where the action is settled.
const Condition* pending(Cursor& at, Action& action) {
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

class Walker {
 public:
  void walk(Cursor a, Cursor b, const CallRegion& region) {
    Action action_a, action_b;
    const Condition* ask_a = pending(a, action_a);
    const Condition* ask_b = pending(b, action_b);
    if (ask_a == nullptr && ask_b == nullptr) {
      if (action_a != action_b) keep_least(region);
      return;
    }
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
      walk(a, b, narrowed);
    }
  }
  const std::optional<Arguments>& least() const { return least_; }

 private:
  void keep_least(const CallRegion& region) {
    Arguments args{};
    for (std::size_t i = 0; i < args.size(); ++i) args[i] = region.args[i].least().value_or(0);
    if (!least_ || args < *least_) least_ = args;
  }
  std::optional<Arguments> least_;
};

std::optional<Arguments> decision_difference(const Decision& a, const Decision& b) {
  if (a == b) return std::nullopt;
  Walker walker;
  walker.walk({&a}, {&b}, {});
  return walker.least();
}

std::optional<Call> runs_difference(AuditArch audit, const Policy& a, const Policy& b) {
  const std::vector<Run>&runs_a = a.runs_for(audit), &runs_b = b.runs_for(audit);
  for (std::size_t i = 0, j = 0; i < runs_a.size() && j < runs_b.size();) {
    const SyscallNr first = std::max(runs_a[i].first, runs_b[j].first);
    if (const auto args = decision_difference(a.decisions[runs_a[i].decision], b.decisions[runs_b[j].decision]))
      return Call{audit, first, *args};
    const SyscallNr last_a = runs_a[i].last, last_b = runs_b[j].last;
    if (last_a <= last_b) ++i;
    if (last_b <= last_a) ++j;
  }
  return std::nullopt;
}

// The least token neither policy lists.
AuditArch least_unlisted(std::span<const AuditArch> sorted) {
  AuditArch candidate = 0;
  for (const AuditArch token : sorted) {
    if (token != candidate) break;
    ++candidate;
  }
  return candidate;
}

}  // namespace

std::optional<Call> first_difference(const Policy& a, const Policy& b) {
  std::vector<AuditArch> tokens;
  for (const Policy* policy : {&a, &b})
    for (const ArchRuns& listed : policy->archs) tokens.push_back(listed.audit);
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  tokens.push_back(least_unlisted(tokens));
  std::sort(tokens.begin(), tokens.end());
  for (const AuditArch token : tokens)
    if (const auto call = runs_difference(token, a, b)) return call;
  return std::nullopt;
}

}  // namespace callgate::policy
