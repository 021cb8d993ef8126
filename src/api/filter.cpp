// The public face of filters and proofs.
// SPDX-License-Identifier: Apache-2.0
#include "callgate/filter.h"

#include <bit>
#include <utility>

#include "api/convert.h"
#include "arch/calls.h"
#include "bpf/assembly.h"
#include "bpf/check.h"
#include "bpf/program.h"
#include "bpf/simulate.h"
#include "callgate/prove.h"
#include "compile/compile.h"
#include "prove/prove.h"

namespace callgate {
namespace {

std::vector<Instruction> to_public(const bpf::Program& program) {
  std::vector<Instruction> out;
  out.reserve(program.size());
  for (const bpf::Insn& insn : program) out.push_back({insn.code, insn.jt, insn.jf, insn.k});
  return out;
}

bpf::Program to_internal(std::span<const Instruction> instructions) {
  bpf::Program out;
  out.reserve(instructions.size());
  for (const Instruction& insn : instructions) out.push_back({insn.code, insn.jt, insn.jf, insn.k});
  return out;
}

bpf::Names names() {
  bpf::Names out;
  out.arch = [](std::uint32_t audit) {
    const std::span<const arch::Arch> found = arch::with_audit(audit);
    return found.empty() ? std::string() : std::string(arch::info(found.front()).name);
  };
  out.call = [](std::uint32_t audit, std::uint32_t nr) { return std::string(arch::name_of_call(audit, nr)); };
  return out;
}

Proof to_public(const prove::Outcome& outcome) {
  Proof out;
  out.verdict = static_cast<Verdict>(outcome.verdict);
  out.why = outcome.why;
  if (outcome.counterexample) {
    const prove::Counterexample& found = *outcome.counterexample;
    out.counterexample = Counterexample{api::to_public(found.call), found.instruction_pointer,
                                        api::to_public(found.left), api::to_public(found.right)};
  }
  return out;
}

static_assert(static_cast<int>(Verdict::equal) == static_cast<int>(prove::Verdict::equal));
static_assert(static_cast<int>(Verdict::different) == static_cast<int>(prove::Verdict::different));
static_assert(static_cast<int>(Verdict::undecided) == static_cast<int>(prove::Verdict::undecided));

}  // namespace

Result<Filter> Filter::compile(const Policy& policy, std::span<const CallWeight> weights) {
  compile::Options options;
  for (const CallWeight& w : weights) options.weights.push_back({w.audit, w.number, w.weight});
  base::Result<compile::Compiled> compiled = compile::compile(policy.data().policy, options);
  if (!compiled) return api::to_public(std::move(compiled.error()));
  const prove::Outcome outcome = prove::prove(policy.data().policy, std::span<const bpf::Insn>(compiled->program));
  if (outcome.verdict != prove::Verdict::equal) {
    return Error{ErrorCode::internal, "the compiled filter could not be proved equal to its policy", 0};
  }
  return Filter(to_public(compiled->program));
}

Result<Filter> Filter::from_instructions(std::span<const Instruction> instructions) {
  const bpf::Program program = to_internal(instructions);
  if (const std::optional<bpf::CheckFailure> failure = bpf::check(program)) {
    return Error{ErrorCode::invalid, "instruction " + std::to_string(failure->insn) + ": " + failure->message,
                 failure->os_errno};
  }
  return Filter(std::vector<Instruction>(instructions.begin(), instructions.end()));
}

FilterRun Filter::run(const Call& call) const {
  const bpf::SeccompData data{call.number, call.audit, 0, call.args};
  const bpf::Run result = bpf::run(to_internal(*instructions_), data);
  return {from_return_value(result.value), result.executed};
}

FilterCost Filter::cost(Architecture architecture) const {
  const arch::Arch of = api::to_internal(architecture);
  std::vector<std::uint32_t> numbers;
  for (const arch::CallEntry& entry : arch::table(of)) {
    if (numbers.empty() || numbers.back() != entry.nr) numbers.push_back(entry.nr);
  }
  const bpf::Cost cost = bpf::cost(to_internal(*instructions_), arch::info(of).audit, numbers);
  return {cost.executed_avg, cost.executed_max, static_cast<std::uint32_t>(numbers.size()), cost.cached_calls};
}

std::string Filter::disassemble() const {
  bpf::DisasmOptions options;
  options.little_endian = std::endian::native == std::endian::little;
  return bpf::disassemble(to_internal(*instructions_), names(), options);
}

Proof prove_equal(const Policy& policy, const Filter& filter) {
  return to_public(prove::prove(policy.data().policy, to_internal(filter.instructions())));
}

Proof prove_equal(const Filter& left, const Filter& right) {
  return to_public(
      prove::prove(prove::Stack{to_internal(left.instructions())}, prove::Stack{to_internal(right.instructions())}));
}

}  // namespace callgate
