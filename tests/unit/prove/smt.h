// z3's opinion of policies and programs: both as bit-vector terms over the sixteen words of struct seccomp_data.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <z3++.h>

#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::prove {

class Smt {
 public:
  Smt() : arch_(word(1)) {}
  z3::context& context() { return context_; }
  z3::expr number(std::uint32_t k) { return context_.bv_val(static_cast<unsigned>(k), 32); }
  z3::expr word(unsigned index) {
    return context_.constant(context_.int_symbol(static_cast<int>(index)), context_.bv_sort(32));
  }

  // The program's return value: instructions from the last to the first would lose A, so paths are followed.
  z3::expr returned(const bpf::Program& program, std::size_t pc, z3::expr a, z3::expr x, std::vector<z3::expr> m) {
    for (;; ++pc) {
      const bpf::Insn& insn = program[pc];
      const z3::expr operand = (insn.code & bpf::op::kAluX) != 0 ? x : number(insn.k);
      switch (insn.code & 0x07) {
        case 0x00:
          a = insn.code == bpf::op::kLdAbs   ? word(insn.k / 4)
              : insn.code == bpf::op::kLdMem ? m[insn.k]
                                             : number(insn.code == bpf::op::kLdLen ? 64 : insn.k);
          break;
        case 0x01:
          x = insn.code == bpf::op::kLdxMem ? m[insn.k] : number(insn.code == bpf::op::kLdxLen ? 64 : insn.k);
          break;
        case 0x02:
          m[insn.k] = a;
          break;
        case 0x03:
          m[insn.k] = x;
          break;
        case 0x07:
          (insn.code == bpf::op::kTax ? x : a) = insn.code == bpf::op::kTax ? a : x;
          break;
        case 0x06:
          return insn.code == bpf::op::kRetA ? a : number(insn.k);
        case 0x04: {
          if (insn.code == (bpf::op::kDivK | bpf::op::kAluX))
            return z3::ite(x == number(0), number(0), returned(program, pc + 1, z3::udiv(a, x), x, m));
          a = compute(static_cast<std::uint16_t>(insn.code & 0xf7), a, operand);
          break;
        }
        default: {
          if (insn.code == bpf::op::kJa) {
            pc += insn.k;
            break;
          }
          const z3::expr taken = returned(program, pc + 1 + insn.jt, a, x, m);
          const z3::expr passed = returned(program, pc + 1 + insn.jf, a, x, m);
          return z3::ite(test(static_cast<std::uint16_t>(insn.code & 0xf7), a, operand), taken, passed);
        }
      }
    }
  }
  z3::expr returned(const bpf::Program& program) {
    return returned(program, 0, number(0), number(0), std::vector<z3::expr>(16, number(0)));
  }

  // What a return value means, as one number: an action and its data.
  z3::expr meaning(const z3::expr& value) {
    const z3::expr kind = value & number(0xffff0000), data = value & number(0xffff);
    z3::expr result = number(bpf::kRetKillProcess);
    for (const std::uint32_t plain : {bpf::kRetAllow, bpf::kRetLog, bpf::kRetNotify, bpf::kRetKillThread})
      result = z3::ite(kind == number(plain), number(plain), result);
    for (const std::uint32_t with_data : {bpf::kRetTrap, bpf::kRetTrace})
      result = z3::ite(kind == number(with_data), value, result);
    const z3::expr cut = z3::ite(z3::ugt(data, number(4095)), number(4095), data);
    return z3::ite(kind == number(bpf::kRetErrno), kind | cut, result);
  }

  z3::expr meaning(const policy::Policy& policy) {
    z3::expr result = runs(policy, policy.other);
    for (const policy::ArchRuns& listed : policy.archs)
      result = z3::ite(arch_ == number(listed.audit), runs(policy, listed.runs), result);
    return result;
  }

  z3::check_result differ(const z3::expr& left, const z3::expr& right) { return is_possible(left != right); }
  z3::check_result is_possible(const z3::expr& condition) {
    constexpr unsigned kTimeoutMs = 1000;
    z3::solver solver(context_);
    solver.set("timeout", kTimeoutMs);
    solver.add(condition);
    return solver.check();
  }

 private:
  z3::expr compute(std::uint16_t operation, const z3::expr& a, const z3::expr& b) {
    namespace op = bpf::op;
    switch (operation) {
      case op::kAddK:
        return a + b;
      case op::kSubK:
        return a - b;
      case op::kMulK:
        return a * b;
      case op::kDivK:
        return z3::udiv(a, b);
      case op::kOrK:
        return a | b;
      case op::kAndK:
        return a & b;
      case op::kXorK:
        return a ^ b;
      case op::kLshK:
        return z3::shl(a, b & number(31));
      case op::kRshK:
        return z3::lshr(a, b & number(31));
      default:
        return -a;
    }
  }
  z3::expr test(std::uint16_t jump, const z3::expr& a, const z3::expr& b) {
    switch (jump) {
      case bpf::op::kJeqK:
        return a == b;
      case bpf::op::kJgtK:
        return z3::ugt(a, b);
      case bpf::op::kJgeK:
        return z3::uge(a, b);
      default:
        return (a & b) != number(0);
    }
  }
  z3::expr argument(unsigned index) {
    const z3::expr first = word(4 + 2 * index), second = word(5 + 2 * index);
    return z3::ite((arch_ & number(0x40000000)) != number(0), z3::concat(second, first), z3::concat(first, second));
  }
  z3::expr condition(const policy::Condition& c) {
    const z3::expr value = context_.bv_val(c.value, 64), arg = argument(c.arg);
    switch (c.op) {
      case policy::Op::eq:
        return arg == value;
      case policy::Op::ne:
        return arg != value;
      case policy::Op::lt:
        return z3::ult(arg, value);
      case policy::Op::le:
        return z3::ule(arg, value);
      case policy::Op::gt:
        return z3::ugt(arg, value);
      case policy::Op::ge:
        return z3::uge(arg, value);
      case policy::Op::masked_eq:
        break;
    }
    return (arg & context_.bv_val(c.mask, 64)) == value;
  }
  z3::expr decision(const policy::Decision& d) {
    z3::expr result = number(policy::to_return_value(d.otherwise));
    for (auto clause = d.clauses.rbegin(); clause != d.clauses.rend(); ++clause) {
      z3::expr all = context_.bool_val(true);
      for (const policy::Condition& c : clause->conditions) all = all && condition(c);
      result = z3::ite(all, number(policy::to_return_value(clause->action)), result);
    }
    return result;
  }
  z3::expr runs(const policy::Policy& policy, const std::vector<policy::Run>& list) {
    z3::expr result = decision(policy.decisions[list.back().decision]);
    for (auto run = list.rbegin() + 1; run < list.rend(); ++run)
      result = z3::ite(z3::ule(word(0), number(run->last)), decision(policy.decisions[run->decision]), result);
    return result;
  }

  z3::context context_;
  z3::expr arch_;
};

}  // namespace callgate::prove
