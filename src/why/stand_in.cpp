// SPDX-License-Identifier: Apache-2.0
#include "why/stand_in.h"

#include <algorithm>

#include "arch/calls.h"
#include "policy/algebra.h"
#include "policy/builder.h"

namespace callgate::why {

namespace {

using policy::Action;
using policy::ActionKind;
using policy::DecisionId;
using policy::Run;
using policy::SyscallNr;

bool needs_number(Action action) {
  return action.kind == ActionKind::kill_process || action.kind == ActionKind::kill_thread ||
         action.kind == ActionKind::trap;
}

void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().decision == run.decision)
    runs.back().last = run.last;
  else
    runs.push_back(run);
}

// The runs with those of `inner` in their midst, which are sorted and adjacent.
std::vector<Run> with(const std::vector<Run>& runs, const std::vector<Run>& inner) {
  const SyscallNr first = inner.front().first, last = inner.back().last;
  std::vector<Run> out;
  for (const Run& run : runs)
    if (run.first < first) append(out, {run.first, std::min(run.last, first - 1), run.decision});
  for (const Run& run : inner) append(out, run);
  for (const Run& run : runs)
    if (run.last > last) append(out, {std::max(run.first, last + 1), run.last, run.decision});
  return out;
}

// TRACE(index) where the policy allows seccomp(2), or prctl(2) to do the same.
base::Result<policy::Policy> watch_filters(const policy::Policy& policy, std::uint16_t index) {
  constexpr std::uint64_t kLowWord = 0xffffffff, kSetSeccomp = 22, kModeFilter = 1;
  const Action watched{ActionKind::trace, index};
  policy::Builder calls(policy::kAllow);
  for (const policy::ArchRuns& each : policy.archs) {
    calls.arch(each.audit, policy::kAllow);
    for (const arch::Arch which : arch::with_audit(each.audit)) {
      const policy::Condition filter{0, policy::Op::masked_eq, kModeFilter, kLowWord};
      const policy::Condition set{0, policy::Op::masked_eq, kSetSeccomp, kLowWord};
      if (const auto nr = arch::number(which, "seccomp"))
        calls.call(each.audit, *nr, policy::Decision{{{{filter}, watched}}, policy::kAllow});
      if (const auto nr = arch::number(which, "prctl"))
        calls.call(each.audit, *nr, policy::Decision{{{{set}, watched}}, policy::kAllow});
    }
  }
  return policy::combine(policy, calls.finish(),
                         [](Action a, Action b) { return a.kind == ActionKind::allow ? b : a; });
}

}  // namespace

std::optional<SyscallNr> StandIn::number_for(Action answer) const {
  SyscallNr nr = kFirstStandIn;
  for (const Action each : answers) {
    if (!needs_number(each)) continue;
    if (each == answer) return nr;
    ++nr;
  }
  return std::nullopt;
}

base::Result<StandIn> stand_in(const policy::Policy& policy) {
  constexpr std::size_t kMostAnswers = 65536;
  StandIn out{policy, {}};
  const auto index = [&](Action action) {
    const auto known = std::find(out.answers.begin(), out.answers.end(), action);
    if (known == out.answers.end()) return out.answers.push_back(action), out.answers.size() - 1;
    return static_cast<std::size_t>(known - out.answers.begin());
  };
  const auto traced = [&](Action action) {
    if (action.kind == ActionKind::allow) return action;
    return Action{ActionKind::trace, static_cast<std::uint16_t>(index(action) % kMostAnswers)};
  };
  for (policy::Decision& decision : out.policy.decisions) {
    for (policy::Clause& clause : decision.clauses) clause.action = traced(clause.action);
    decision.otherwise = traced(decision.otherwise);
  }
  if (out.answers.size() >= kMostAnswers)
    return base::fail(base::ErrorCode::limit, "the profile has more different answers than can be told apart");
  CALLGATE_TRY(out.policy, watch_filters(out.policy, static_cast<std::uint16_t>(out.answers.size())));
  out.answers.push_back(policy::kAllow);
  std::vector<Run> numbers;
  SyscallNr nr = kFirstStandIn;
  for (const Action each : out.answers) {
    if (!needs_number(each)) continue;
    numbers.push_back({nr, nr, static_cast<DecisionId>(out.policy.decisions.size())});
    out.policy.decisions.push_back({{}, each});
    ++nr;
  }
  if (numbers.empty()) return out;
  for (policy::ArchRuns& each : out.policy.archs) each.runs = with(each.runs, numbers);
  out.policy.other = with(out.policy.other, numbers);
  return out;
}

}  // namespace callgate::why
