// SPDX-License-Identifier: Apache-2.0
#include "prove/registers.h"

#include <fmt/format.h>

#include <optional>

#include "bpf/dataflow.h"
#include "prove/simple_domain.h"
#include "prove/term.h"

namespace callgate::prove {

namespace {

constexpr std::uint16_t kClassMask = 0x07, kClassAlu = 0x04, kClassJump = 0x05, kOperationMask = 0xf7;

Held constant(std::uint32_t value) {
  Held held;
  held.value = value;
  return held;
}

Held unknown(std::size_t pc) {
  Held held;
  held.kind = Held::Kind::unknown;
  held.value = static_cast<std::uint32_t>(pc);
  return held;
}

Held masked(Held word, std::uint32_t mask) {
  word.mask &= mask;
  return word.mask == 0 ? constant(0) : word;
}

std::optional<TermOp> term_op(std::uint16_t operation) {
  switch (operation) {
    case bpf::op::kAddK:
      return TermOp::add;
    case bpf::op::kSubK:
      return TermOp::sub;
    case bpf::op::kMulK:
      return TermOp::mul;
    case bpf::op::kDivK:
      return TermOp::div;
    case bpf::op::kOrK:
      return TermOp::or_;
    case bpf::op::kAndK:
      return TermOp::and_;
    case bpf::op::kLshK:
      return TermOp::lsh;
    case bpf::op::kRshK:
      return TermOp::rsh;
    case bpf::op::kNeg:
      return TermOp::neg;
    case bpf::op::kXorK:
      return TermOp::xor_;
    default:
      return std::nullopt;
  }
}

Held compute(std::uint16_t operation, const Held& a, const Held& b, std::size_t pc) {
  const auto op = term_op(operation);
  const bool unary = op == TermOp::neg;
  const bool constant_b = unary || b.kind == Held::Kind::constant;
  if (!op) return unknown(pc);
  if (a.kind == Held::Kind::constant && constant_b) return constant(apply(*op, a.value, b.value));
  if (op == TermOp::and_ && a.kind == Held::Kind::constant && b.kind == Held::Kind::word)
    return compute(operation, b, a, pc);
  if (a.kind != Held::Kind::word || !constant_b) return unknown(pc);
  switch (*op) {
    case TermOp::and_:
      return masked(a, b.value << a.shift);
    case TermOp::rsh: {
      const unsigned shift = a.shift + (b.value & 31);
      if (shift > 31) return constant(0);
      Held shifted = a;
      shifted.shift = static_cast<std::uint8_t>(shift);
      return masked(shifted, 0xffffffffU << shift);
    }
    case TermOp::add:
    case TermOp::sub:
    case TermOp::or_:
    case TermOp::xor_:
    case TermOp::lsh:
      return b.value == 0 ? a : unknown(pc);
    default:
      return unknown(pc);
  }
}

Branching known(bool truth) {
  return {.is_known = true, .known = truth, .test = {}};
}

// (word & mask) >> shift, relation, k.
Branching question(const Held& held, Relation relation, std::uint32_t k, bool negated) {
  const std::uint32_t limit = held.mask >> held.shift;
  if (relation == Relation::eq ? (k & ~limit) != 0 : k >= limit) return known(negated);
  // Below `shift` the mask has no bits, so those of k do not matter either.
  return {.test = {held.word, held.mask, relation, k << held.shift, negated}};
}

Branching any_bit(const Held& held, std::uint32_t bits) {
  const Held part = masked(held, bits << held.shift);
  if (part.kind == Held::Kind::constant) return known(false);
  return question(part, Relation::eq, 0, true);
}

std::optional<Branching> compare(std::uint16_t jump, const Held& a, const Held& b) {
  using Kind = Held::Kind;
  if (a.kind == Kind::constant && b.kind == Kind::constant) {
    switch (jump) {
      case bpf::op::kJeqK:
        return known(a.value == b.value);
      case bpf::op::kJgtK:
        return known(a.value > b.value);
      case bpf::op::kJgeK:
        return known(a.value >= b.value);
      default:
        return known((a.value & b.value) != 0);
    }
  }
  if (a.kind == Kind::word && b.kind == Kind::constant) {
    switch (jump) {
      case bpf::op::kJeqK:
        return question(a, Relation::eq, b.value, false);
      case bpf::op::kJgtK:
        return question(a, Relation::gt, b.value, false);
      case bpf::op::kJgeK:
        return b.value == 0 ? known(true) : question(a, Relation::gt, b.value - 1, false);
      default:
        return any_bit(a, b.value);
    }
  }
  if (a.kind == Kind::constant && b.kind == Kind::word) {
    switch (jump) {
      case bpf::op::kJeqK:
        return question(b, Relation::eq, a.value, false);
      case bpf::op::kJgtK:  // a > b is not b >= a
        return a.value == 0 ? known(false) : question(b, Relation::gt, a.value - 1, true);
      case bpf::op::kJgeK:
        return question(b, Relation::gt, a.value, true);
      default:
        return any_bit(b, a.value);
    }
  }
  return std::nullopt;
}

Step jump(const bpf::Insn& insn, std::size_t pc, const Registers& registers) {
  const Held& a = registers.held[Registers::kA];
  const bool with_x = (insn.code & bpf::op::kAluX) != 0;
  const Held b = with_x ? registers.held[Registers::kX] : constant(insn.k);
  if (const auto branching = compare(insn.code & kOperationMask, a, b)) return *branching;
  for (const Held& each : {a, b})
    if (each.kind == Held::Kind::unknown)
      return Beyond{
          fmt::format("instruction {} compares what instruction {} computes from the call; only AND and shifts to the "
                      "right by constants are followed",
                      pc, each.value)};
  return Beyond{fmt::format("instruction {} compares two words of the call with each other", pc)};
}

Step arithmetic(const bpf::Insn& insn, std::size_t pc, Registers& registers) {
  Held& a = registers.held[Registers::kA];
  const bool with_x = (insn.code & bpf::op::kAluX) != 0;
  const Held b = with_x ? registers.held[Registers::kX] : constant(insn.k);
  const auto operation = static_cast<std::uint16_t>(insn.code & kOperationMask);
  // Division by X = 0 ends the program with 0.
  if (operation == bpf::op::kDivK && with_x) {
    if (b.kind != Held::Kind::constant) return Beyond{fmt::format("instruction {} divides by part of the call", pc)};
    if (b.value == 0) return Returned{constant(0)};
  }
  a = compute(operation, a, b, pc);
  return Onward{};
}

}  // namespace

Step step(std::span<const bpf::Insn> program, std::size_t pc, Registers& registers) {
  const bpf::Insn& insn = program[pc];
  auto& held = registers.held;
  Held &a = held[Registers::kA], &x = held[Registers::kX];
  switch (insn.code) {
    case bpf::op::kLdAbs:
      a = {Held::Kind::word, static_cast<std::uint8_t>(insn.k / 4), 0, 0xffffffff, 0};
      return Onward{};
    case bpf::op::kLdImm:
      a = constant(insn.k);
      return Onward{};
    case bpf::op::kLdLen:
      a = constant(bpf::kDataBytes);
      return Onward{};
    case bpf::op::kLdMem:
      a = held[Registers::kScratch + insn.k];
      return Onward{};
    case bpf::op::kLdxImm:
      x = constant(insn.k);
      return Onward{};
    case bpf::op::kLdxMem:
      x = held[Registers::kScratch + insn.k];
      return Onward{};
    case bpf::op::kLdxLen:
      x = constant(bpf::kDataBytes);
      return Onward{};
    case bpf::op::kSt:
      held[Registers::kScratch + insn.k] = a;
      return Onward{};
    case bpf::op::kStx:
      held[Registers::kScratch + insn.k] = x;
      return Onward{};
    case bpf::op::kTax:
      x = a;
      return Onward{};
    case bpf::op::kTxa:
      a = x;
      return Onward{};
    case bpf::op::kRetK:
      return Returned{constant(insn.k)};
    case bpf::op::kRetA:
      return Returned{a};
    default:
      break;
  }
  return (insn.code & kClassMask) == kClassJump ? jump(insn, pc, registers) : arithmetic(insn, pc, registers);
}

std::vector<std::uint32_t> live_before(std::span<const bpf::Insn> program) {
  constexpr std::uint32_t kA = 1U << Registers::kA, kX = 1U << Registers::kX;
  std::vector<std::uint32_t> live(program.size());
  for (std::size_t pc = program.size(); pc-- > 0;) {
    const bpf::Insn& insn = program[pc];
    const auto after = [&](std::size_t distance) { return live[pc + 1 + distance]; };
    const auto scratch = [&] { return 1U << (Registers::kScratch + insn.k); };
    const std::uint16_t instruction_class = insn.code & kClassMask;
    const std::uint32_t operand = (insn.code & bpf::op::kAluX) != 0 ? kX : 0;
    if (insn.code == bpf::op::kRetK || insn.code == bpf::op::kRetA) {
      live[pc] = insn.code == bpf::op::kRetA ? kA : 0;
    } else if (insn.code == bpf::op::kJa) {
      live[pc] = after(insn.k);
    } else if (instruction_class == kClassJump) {
      live[pc] = after(insn.jt) | after(insn.jf) | kA | operand;
    } else if (instruction_class == kClassAlu) {
      // Dividing by X can end the program, whatever becomes of A.
      live[pc] = after(0) | kA | operand;
    } else if (insn.code == bpf::op::kLdMem) {
      live[pc] = (after(0) & ~kA) | scratch();
    } else if (insn.code == bpf::op::kLdxMem) {
      live[pc] = (after(0) & ~kX) | scratch();
    } else if (insn.code == bpf::op::kSt || insn.code == bpf::op::kStx) {
      live[pc] = (after(0) & ~scratch()) | (insn.code == bpf::op::kSt ? kA : kX);
    } else if (insn.code == bpf::op::kTax) {
      live[pc] = (after(0) & ~kX) | kA;
    } else if (insn.code == bpf::op::kTxa) {
      live[pc] = (after(0) & ~kA) | kX;
    } else {  // loads of a word, a constant or the length
      live[pc] = after(0) & ~((insn.code & kClassMask) == 0 ? kA : kX);
    }
  }
  return live;
}

}  // namespace callgate::prove
