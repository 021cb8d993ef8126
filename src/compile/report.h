// What a filter costs, for `compile --stats`, and whom to blame for a filter that is too long.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arch/arch.h"
#include "bpf/simulate.h"
#include "compile/compile.h"

namespace callgate::compile {

struct ArchReport {
  arch::Arch arch = arch::Arch::x86_64;
  bpf::Cost cost;             // over the architecture's known numbers
  std::optional<double> mix;  // instructions executed per call, weighted; nothing if no weight is this architecture's
  std::optional<double> mix_run;  // the same, calls that the kernel caches counting 0, as at run time (Linux >= 5.11)
};
// One entry for each architecture with a call table whose token the policy lists.
std::vector<ArchReport> report(std::span<const bpf::Insn> program, const policy::Policy& policy,
                               const std::vector<Weight>& weights);

struct CallCost {
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;      // the first number with this decision
  std::size_t instructions = 0;  // what the decision would take alone
  std::size_t clauses = 0;
  bool at_least = false;  // too long to be compiled: it would take more
};
// The `count` costliest argument decisions, falling.
std::vector<CallCost> costliest_calls(const policy::Policy& policy, const Options& options, std::size_t count);

// "filter has 5210 instructions; the kernel takes 4096 (BPF_MAXINSNS); most go to ioctl (x86_64: 811 instructions, 96
// rules), …"; with `at_least` it has "more than" so many.
std::string too_long_message(const policy::Policy& policy, const Options& options, std::size_t instructions,
                             bool at_least);

}  // namespace callgate::compile
