// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "syntax/words.h"

namespace callgate::cli {

namespace {

std::string place_of(const base::Span& span) {
  if (span.file == nullptr) return "built in";
  const base::Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}", span.file->name(), at.line, at.column_chars);
}

std::vector<std::string> decision_lines(const policy::Decision& decision, policy::AuditArch audit,
                                        policy::SyscallNr nr) {
  std::vector<std::string> lines;
  lines.reserve(decision.clauses.size() + 1);
  for (const policy::Clause& clause : decision.clauses)
    lines.push_back(
        fmt::format("{} → {}", syntax::describe_conditions(audit, nr, clause), policy::to_string(clause.action)));
  lines.push_back(
      fmt::format("{} → {}", decision.clauses.empty() ? "always" : "otherwise", policy::to_string(decision.otherwise)));
  return lines;
}

void explain_cache(const std::vector<bpf::Program>& filters, policy::AuditArch audit, CallExplanation& out) {
  if (bpf::bypasses_filters(audit, out.nr)) {
    out.cache =
        "the kernel lets this call through whatever a filter says (uretprobe since Linux 6.14, uprobe since 6.18)";
    return;
  }
  out.cached = !filters.empty() && out.arch != arch::Arch::x32 &&
               std::all_of(filters.begin(), filters.end(), [&](const bpf::Program& program) {
                 return bpf::probe_cache(program, audit, out.nr).always_allowed;
               });
  out.cache = out.cached ? "the kernel caches the answer: no filter runs for this call"
                         : "not cached: the filter runs for each such call";
}

}  // namespace

base::Result<bool> decompile_into(Subject& subject) {
  CALLGATE_TRY(subject.profile.policy, subject.as_policy());
  const policy::Policy& policy = subject.profile.policy;
  for (const arch::ArchInfo& each : arch::all()) {
    const auto listed = std::find_if(policy.archs.begin(), policy.archs.end(),
                                     [&](const policy::ArchRuns& runs) { return runs.audit == each.audit; });
    if (listed == policy.archs.end()) continue;
    // x32's numbers are x86_64's with bit 30: they count if not all have one answer.
    const auto run = policy::Policy::find_run(listed->runs, arch::kX32Bit);
    if (each.arch == arch::Arch::x32 && listed->runs[run].last >= 2 * arch::kX32Bit - 1) continue;
    subject.profile.architectures.push_back(each.arch);
  }
  return true;
}

std::optional<std::vector<bpf::Program>> filter_of(Session& session, const Subject& subject, int& status) {
  if (!subject.is_policy) return subject.stack;
  auto prepared = compile_and_prove(session, subject.profile.policy, {}, status);
  if (!prepared) return std::nullopt;
  return std::vector<bpf::Program>{std::move(prepared->program)};
}

CallExplanation explain(const Subject& subject, const format::ReadOptions& options,
                        const std::vector<bpf::Program>& filters, arch::Arch which, policy::SyscallNr nr) {
  const policy::AuditArch audit = arch::info(which).audit;
  CallExplanation out;
  out.arch = which;
  out.nr = nr;
  const std::string_view name = arch::name_of(which, nr);
  out.name = name.empty() ? fmt::format("call {}", nr) : std::string(name);
  out.engine = format::name(options.as);
  explain_cache(filters, audit, out);
  const bool has_policy = !subject.profile.policy.other.empty();
  if (!has_policy) {
    const policy::Action action = subject.act({audit, nr, {}});
    out.decision.push_back(fmt::format("with all arguments 0 → {}", policy::to_string(action)));
    return out;
  }
  for (const format::RuleOrigin& origin : subject.profile.origins) {
    if (origin.audit != audit || origin.nr != nr) continue;
    const std::string when = syntax::describe_conditions(audit, nr, origin.clause, origin.low_word);
    out.rules.push_back({place_of(origin.span), when.empty() ? "always" : when, origin.clause.action});
  }
  for (const format::EnosysAbove& stub : subject.profile.enosys)
    if (stub.arch == which && nr > stub.last) out.enosys_above = stub.last;
  const auto& runs = subject.profile.policy.runs_for(audit);
  out.decision =
      decision_lines(subject.profile.policy.decisions[runs[policy::Policy::find_run(runs, nr)].decision], audit, nr);
  if (subject.profile.default_span.file != nullptr) out.default_place = place_of(subject.profile.default_span);
  return out;
}

ArchSummary summarize(const policy::Policy& policy, arch::Arch which) {
  const policy::AuditArch audit = arch::info(which).audit;
  ArchSummary out;
  out.arch = which;
  const auto& runs = policy.runs_for(audit);
  const auto decision_at = [&](policy::SyscallNr nr) -> const policy::Decision& {
    return policy.decisions[runs[policy::Policy::find_run(runs, nr)].decision];
  };
  for (const arch::CallEntry& call : arch::table(which)) {
    const policy::Decision& decision = decision_at(call.nr);
    const std::string name(arch::name(call.name));
    if (decision.is_constant())
      out.actions[decision.otherwise].push_back(name);
    else
      out.conditional.emplace_back(name, decision_lines(decision, audit, call.nr));
  }
  for (auto& [action, calls] : out.actions) std::sort(calls.begin(), calls.end());
  // Runs that reach beyond the last known number answer for calls that no table names.
  const bool x32 = which == arch::Arch::x32;
  const policy::SyscallNr last = arch::table(which).empty() ? 0 : arch::table(which).back().nr;
  for (const policy::Run& run : runs) {
    policy::SyscallNr first = std::max(run.first, last + 1), end = run.last;
    if (!x32 && audit == arch::info(arch::Arch::x86_64).audit) end = std::min(end, arch::kX32Bit - 1);
    if (run.last <= last || first > end) continue;
    out.unnamed.push_back(fmt::format("numbers {:#x} … {:#x}: {}", first, end,
                                      fmt::join(decision_lines(policy.decisions[run.decision], audit, first), "; ")));
  }
  return out;
}

std::string columns(const std::vector<std::string>& words, std::size_t indent) {
  constexpr std::size_t kWidth = 100;
  std::string out;
  std::size_t column = 0;
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kWidth) {
      out += '\n';
      column = 0;
    }
    const std::string lead = column == 0 ? std::string(indent, ' ') : " ";
    out += lead + word;
    column += lead.size() + word.size();
  }
  return words.empty() ? out : out + "\n";
}

}  // namespace callgate::cli
