// The oracle. Keep it obvious: every optimised piece of callgate is compared with this file.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/policy.h"

namespace callgate::policy {

bool holds(const Condition& condition, std::uint64_t argument) {
  switch (condition.op) {
    case Op::eq:
      return argument == condition.value;
    case Op::ne:
      return argument != condition.value;
    case Op::lt:
      return argument < condition.value;
    case Op::le:
      return argument <= condition.value;
    case Op::gt:
      return argument > condition.value;
    case Op::ge:
      return argument >= condition.value;
    case Op::masked_eq:
      return (argument & condition.mask) == condition.value;
  }
  return false;
}

const std::vector<Run>& Policy::runs_for(AuditArch audit) const {
  for (const ArchRuns& listed : archs)
    if (listed.audit == audit) return listed.runs;
  return other;
}

std::size_t Policy::find_run(const std::vector<Run>& runs, SyscallNr nr) {
  const auto at =
      std::lower_bound(runs.begin(), runs.end(), nr, [](const Run& run, SyscallNr x) { return run.last < x; });
  return static_cast<std::size_t>(at - runs.begin());
}

Action evaluate(const Policy& policy, const Call& call) {
  const std::vector<Run>& runs = policy.runs_for(call.audit);
  const Run& run = runs[Policy::find_run(runs, call.nr)];
  const Decision& decision = policy.decisions[run.decision];
  for (const Clause& clause : decision.clauses) {
    bool all = true;
    for (const Condition& condition : clause.conditions) all = all && holds(condition, call.args[condition.arg]);
    if (all) return clause.action;
  }
  return decision.otherwise;
}

}  // namespace callgate::policy
