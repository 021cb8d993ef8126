// See report.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "arch/calls.h"
#include "compile/decision_graph.h"
#include "compile/emit.h"

namespace callgate::compile {

namespace {

// Fills in the two weighted averages.
void weigh(ArchReport& report, std::span<const bpf::Insn> program, const std::vector<Weight>& weights) {
  const policy::AuditArch audit = arch::info(report.arch).audit;
  double calls = 0, executed = 0, executed_uncached = 0;
  for (const Weight& weight : weights) {
    if (weight.audit != audit || arch::of_call(audit, weight.nr) != report.arch) continue;
    bpf::SeccompData data;
    data.arch = audit;
    data.nr = weight.nr;
    const double cost = weight.calls * bpf::run(program, data).executed;
    calls += weight.calls;
    executed += cost;
    if (!bpf::probe_cache(program, audit, weight.nr).always_allowed) executed_uncached += cost;
  }
  if (calls <= 0) return;
  report.mix = executed / calls;
  report.mix_run = executed_uncached / calls;
}

std::string describe(const CallCost& call) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  const std::optional<arch::Arch> arch = arch::of_call(call.audit, call.nr);
  return fmt::format("{} ({}: {}{} instructions, {} rule{})", name.empty() ? fmt::format("number {}", call.nr) : name,
                     arch ? arch::info(*arch).name : fmt::format("token {:#x}", call.audit),
                     call.at_least ? "more than " : "", call.instructions, call.clauses, call.clauses == 1 ? "" : "s");
}

}  // namespace

std::vector<ArchReport> report(std::span<const bpf::Insn> program, const policy::Policy& policy,
                               const std::vector<Weight>& weights) {
  std::vector<ArchReport> reports;
  std::vector<std::uint32_t> numbers;
  for (const policy::ArchRuns& runs : policy.archs) {
    for (const arch::Arch arch : arch::with_audit(runs.audit)) {
      if (!arch::info(arch).has_table) continue;
      numbers.clear();
      for (const arch::CallEntry& call : arch::table(arch)) numbers.push_back(call.nr);
      numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
      ArchReport entry;
      entry.arch = arch;
      entry.cost = bpf::cost(program, runs.audit, numbers);
      weigh(entry, program, weights);
      reports.push_back(entry);
    }
  }
  return reports;
}

std::vector<CallCost> costliest_calls(const policy::Policy& policy, const Options& options, std::size_t count) {
  std::vector<CallCost> costs;
  std::vector<bool> seen(policy.decisions.size());
  for (const policy::ArchRuns& runs : policy.archs) {
    for (const policy::Run& run : runs.runs) {
      const policy::Decision& decision = policy.decisions[run.decision];
      if (seen[run.decision] || decision.is_constant()) continue;
      seen[run.decision] = true;
      Graph graph;
      RunTree trees(graph);
      DecisionGraph decisions(graph, trees, argument_price(options.objective));
      const NodeId root = decisions.build(decision, arch::little_endian(runs.audit));
      const std::size_t too_long = decisions.too_long();
      const std::size_t size = too_long > 0 ? too_long : emit(graph, root).size();
      costs.push_back({runs.audit, run.first, size, decision.clauses.size(), too_long > 0});
    }
  }
  std::sort(costs.begin(), costs.end(), [](const CallCost& a, const CallCost& b) {
    return std::tuple(b.instructions, a.audit, a.nr) < std::tuple(a.instructions, b.audit, b.nr);
  });
  if (costs.size() > count) costs.resize(count);
  return costs;
}

std::string too_long_message(const policy::Policy& policy, const Options& options, std::size_t instructions,
                             bool at_least) {
  constexpr std::size_t kNamed = 3;
  std::string message = fmt::format("filter has {}{} instructions; the kernel takes {} (BPF_MAXINSNS)",
                                    at_least ? "more than " : "", instructions, bpf::kMaxInsns);
  const char* separator = "; most go to the arguments of ";
  for (const CallCost& call : costliest_calls(policy, options, kNamed)) {
    message += separator + describe(call);
    separator = ", ";
  }
  std::size_t runs = 0;
  for (const policy::ArchRuns& arch : policy.archs) runs += arch.runs.size();
  return message + fmt::format("; telling {} ranges of numbers apart takes about {}", runs, runs);
}

}  // namespace callgate::compile
