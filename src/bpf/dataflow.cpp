// One forward pass over the program; see the header.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/dataflow.h"

namespace callgate::bpf {
namespace {

void join(Known& into, const Known& from) {
  if (!into.reachable) {
    into = from;
    return;
  }
  if (into.word != from.word || into.mask != from.mask) {
    into.word.reset();
    into.mask = 0xffffffff;
  }
  if (into.arch != from.arch) into.arch.reset();
}

bool holds_arch(const Known& state) {
  return state.word == kOffsetArch && state.mask == 0xffffffff;
}

bool keeps_a(std::uint16_t code) {
  constexpr std::uint16_t kClassMask = 0x07, kClassLdx = 0x01;
  return code == op::kSt || code == op::kStx || code == op::kTax || (code & kClassMask) == kClassLdx;
}

// The state after a straight-line instruction.
Known after(Known state, const Insn& insn) {
  if (insn.code == op::kLdAbs) {
    state.word = insn.k;
    state.mask = 0xffffffff;
  } else if (insn.code == op::kAndK) {
    state.mask &= insn.k;
  } else if (!keeps_a(insn.code)) {
    state.word.reset();
    state.mask = 0xffffffff;
  }
  return state;
}

}  // namespace

bool is_conditional(std::uint16_t code) {
  switch (code & ~op::kAluX) {
    case op::kJeqK:
    case op::kJgtK:
    case op::kJgeK:
    case op::kJsetK:
      return true;
    default:
      return false;
  }
}

std::vector<Known> known_before(std::span<const Insn> program) {
  std::vector<Known> states(program.size());
  if (program.empty()) return states;
  states[0].reachable = true;
  const auto flow = [&states](std::uint64_t target, const Known& state) {
    if (target < states.size()) join(states[target], state);
  };
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Known& state = states[i];
    const Insn& insn = program[i];
    if (!state.reachable || insn.code == op::kRetK || insn.code == op::kRetA) continue;
    if (insn.code == op::kJa) {
      flow(std::uint64_t{i} + 1 + insn.k, state);
    } else if (is_conditional(insn.code)) {
      Known equal = state;
      if (insn.code == op::kJeqK && holds_arch(state)) equal.arch = insn.k;
      flow(i + 1 + insn.jt, equal);
      flow(i + 1 + insn.jf, state);
    } else {
      flow(i + 1, after(state, insn));
    }
  }
  return states;
}

bool looks_little_endian(std::span<const Insn> program) {
  constexpr std::uint32_t kAuditArchLittleEndian = 0x40000000;  // __AUDIT_ARCH_LE
  const std::vector<Known> states = known_before(program);
  for (std::size_t i = 0; i < program.size(); ++i) {
    if (program[i].code == op::kJeqK && states[i].reachable && holds_arch(states[i])) {
      return (program[i].k & kAuditArchLittleEndian) != 0;
    }
  }
  return true;
}

}  // namespace callgate::bpf
