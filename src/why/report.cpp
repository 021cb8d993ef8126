// SPDX-License-Identifier: Apache-2.0
#include "why/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "lint/fix.h"
#include "preflight/preflight.h"

namespace callgate::why {

namespace {

// Of a record the kernel tells the answer; a recording may leave two of them open.
bool same_answer(policy::Action said, policy::Action observed) {
  if (said == observed) return true;
  using policy::ActionKind;
  if (observed.kind == ActionKind::trap && said.kind == ActionKind::trap) return true;
  // Without a supervisor, or a tracer, the kernel answers ENOSYS.
  constexpr policy::Action kEnosys = policy::make_errno(38);
  return observed == kEnosys && (said.kind == ActionKind::notify || said.kind == ActionKind::trace);
}

// The guard's answer, and not the profile's.
bool by_seal(const Grounds& grounds, const policy::Call& call, std::uint8_t known, policy::Action observed,
             policy::Action of_profile) {
  if (!grounds.guard || same_answer(of_profile, observed)) return false;
  return denies(observed) && same_answer(preflight::judge(*grounds.guard, call, known).action, observed);
}

}  // namespace

Explained explain(Denial denial, const Grounds& grounds) {
  Explained out;
  const policy::Call& call = denial.call;
  const std::uint8_t known = denial.known;
  if (denial.action) out.meanings = meanings(call, known, *denial.action);
  if (grounds.profile == nullptr) {
    out.risks = risks_of(call, known);
    out.denial = std::move(denial);
    return out;
  }
  const preflight::Verdict verdict = preflight::judge(grounds.profile->policy, call, known);
  const policy::Action observed = denial.action.value_or(verdict.action);
  if (by_seal(grounds, call, known, observed, verdict.action)) {
    out.cause.kind = CauseKind::seal;
  } else if (!denies(verdict.action) && denies(observed)) {
    out.disagreement = fmt::format("{} answers {}: another filter, or the kernel itself, refused it", grounds.name,
                                   policy::to_string(verdict.action));
  } else if (!same_answer(verdict.action, observed) && verdict.certain) {
    out.disagreement = fmt::format("{} answers {}, not {}: another filter decided", grounds.name,
                                   policy::to_string(verdict.action), policy::to_string(observed));
  } else {
    out.cause = find_cause(*grounds.profile, call, known, verdict.action);
  }
  if (denies(verdict.action)) {
    out.admission = admit(grounds.file, *grounds.profile, grounds.options, call, known);
    out.risks = out.admission->risks;
  } else {
    out.risks = risks_of(call, known);
  }
  out.denial = std::move(denial);
  return out;
}

std::string summarize(const policy::Policy& filter) {
  std::vector<std::string> archs;
  for (const arch::ArchInfo& each : arch::all()) {
    const auto listed = std::find_if(filter.archs.begin(), filter.archs.end(),
                                     [&](const policy::ArchRuns& runs) { return runs.audit == each.audit; });
    if (listed == filter.archs.end() || arch::table(each.arch).empty() || each.arch == arch::Arch::x32) continue;
    std::map<policy::Action, std::size_t> calls;
    std::size_t by_arguments = 0;
    for (const arch::CallEntry& call : arch::table(each.arch)) {
      const auto& decision = filter.decisions[listed->runs[policy::Policy::find_run(listed->runs, call.nr)].decision];
      if (decision.is_constant())
        ++calls[decision.otherwise];
      else
        ++by_arguments;
    }
    std::vector<std::string> parts;
    for (const auto& [action, count] : calls)
      parts.push_back(fmt::format("{} {} {}", count, count == 1 ? "call" : "calls", policy::to_string(action)));
    if (by_arguments != 0) parts.push_back(fmt::format("{} by their arguments", by_arguments));
    archs.push_back(fmt::format("{}: {}", each.name, fmt::join(parts, ", ")));
  }
  return fmt::format("{}", fmt::join(archs, "; "));
}

void explain_all(const Journal& journal, const Grounds& grounds, Report& report) {
  std::vector<std::pair<policy::Call, std::uint8_t>> calls;
  for (const Denial& each : journal.denials()) {
    report.denials.push_back(explain(each, grounds));
    const auto& means = report.denials.back().meanings;
    if (std::none_of(means.begin(), means.end(), [](const Meaning& m) { return m.harmless; }))
      calls.emplace_back(each.call, each.known);
  }
  report.dropped = journal.dropped();
  if (grounds.file == nullptr || grounds.profile == nullptr || !grounds.profile->confined) return;
  report.mended = admit_all(*grounds.file, grounds.options, calls);
  if (!report.mended.empty())
    report.diff = lint::unified_diff(grounds.file->name(), grounds.file->text(), report.mended);
}

}  // namespace callgate::why
