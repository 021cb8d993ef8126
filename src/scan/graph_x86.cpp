// What a graph says of x86-64 instructions.
// SPDX-License-Identifier: Apache-2.0
#include "scan/graph.h"
#include "scan/registers.h"
#include "scan/sweep.h"

namespace callgate::scan {

// In a straight line, as in the sweep; where data stands among the code, branches beyond it are lost, and with them
// the values: an instruction that nothing leads to has unknown values before it.
void Graph::x86_decode(const Module& module, Range range) {
  const elf::Bytes there = module.file.at(range.begin);
  const elf::Bytes code = there.first(std::min<std::uint64_t>(there.size(), range.end - range.begin));
  Insn in;
  for (std::size_t at = 0; at < code.size();) {
    if (!decode(code.subspan(at), in)) {
      ++at;
      continue;
    }
    if (instructions_.size() == kMaxInstructions) {
      too_large_ = true;
      return;
    }
    insns_.push_back(in);
    const Flow flow = flow_of(in);
    const bool direct = flow == Flow::call || flow == Flow::jump || flow == Flow::branch;
    const Address here = range.begin + at;
    instructions_.push_back(
        {here, direct ? here + in.length + static_cast<Address>(in.immediate) : Address{0}, in.length, flow});
    at += in.length;
  }
}

void Graph::x86_labels(const Module& module, const Function& f, std::vector<std::uint32_t>& out) const {
  for (const Ref& r : module.refs_of(f))
    if (r.kind == RefKind::address && !module.is_code(r.to))
      for (const bool absolute : {false, true})
        for (const Address target : table_targets(module, r.to, table_limit(module, r.to), absolute))
          if (const auto i = index_of(target)) out.push_back(*i);
}

RegisterSet Graph::x86_written(std::uint32_t i) const {
  return scan::written(insns_[i]);
}

Use Graph::x86_use_of(std::uint32_t i, unsigned reg) const {
  return scan::use_of(insns_[i], reg);
}

bool Graph::x86_goes_through(std::uint32_t i, unsigned reg) const {
  const Insn& in = insns_[i];
  return (in.is_indirect_call() || in.is_indirect_jump()) && in.mod == 3 && in.rm == reg;
}

bool Graph::x86_only_compares(std::uint32_t i) const {
  const Insn& in = insns_[i];
  const bool compares =
      in.one(0x39) || in.one(0x3b) || in.one(0x85) || ((in.one(0x81) || in.one(0x83)) && in.group() == 7);
  return compares && !in.has_memory;
}

std::optional<Address> Graph::x86_slot(std::uint32_t i) const {
  return insns_[i].rip_relative ? std::optional(rip_target(i)) : std::nullopt;
}

std::optional<unsigned> Graph::x86_pointer_to(std::uint32_t i) const {
  const Insn& in = insns_[i];
  if (!(in.one(0x8b) || in.one(0x8d)) || !in.wide) return std::nullopt;
  return in.reg;
}

std::optional<Store> Graph::x86_store(std::uint32_t i) const {
  const Insn& in = insns_[i];
  if (!writes_memory(in)) return std::nullopt;
  const std::uint64_t size = in.wide ? 8 : 4;
  if (in.one(0x89) && !in.operand16) return Store{Store::From::reg, in.reg, size};
  if (in.one(0xc7) && !in.operand16) return Store{Store::From::constant, in.immediate, size};
  return Store{Store::From::other, 0, in.vector || in.map != Map::one ? std::uint64_t{64} : 8};
}

StackState Graph::x86_moved(std::uint32_t i, StackState s) const {
  const Insn& in = insns_[i];
  const auto move = [&](std::int64_t by) {
    if (s.pointer) *s.pointer += by;
  };
  const bool push = in.map == Map::one && ((in.opcode & 0xf8U) == 0x50U || in.opcode == 0x68 || in.opcode == 0x6a ||
                                           in.opcode == 0x9c || (in.opcode == 0xff && in.group() == 6));
  const bool pop = in.map == Map::one && ((in.opcode & 0xf8U) == 0x58U || in.opcode == 0x9d || in.one(0x8f));
  const bool group_one = in.one(0x83) || in.one(0x81);
  if (push && !in.vector)
    move(-8);
  else if (pop && !in.vector) {
    move(8);
    if (in.rm == kRbp) s.frame.reset();
    if (in.one(0x58 + kRsp)) s.pointer.reset();
  } else if (group_one && in.mod == 3 && in.rm == kRsp && in.group() == 0)
    move(in.immediate);
  else if (group_one && in.mod == 3 && in.rm == kRsp && in.group() == 5)
    move(-in.immediate);
  else if (in.one(0x8d) && in.reg == kRsp && in.base == kRsp && in.index < 0)
    move(in.displacement);
  else if (in.one(0x8d) && in.reg == kRsp && in.base == kRbp && in.index < 0 && s.frame)
    s.pointer = *s.frame + in.displacement;
  else if (in.mod == 3 &&
           ((in.one(0x89) && in.reg == kRsp && in.rm == kRbp) || (in.one(0x8b) && in.rm == kRsp && in.reg == kRbp)))
    s.frame = s.pointer;
  else if (in.mod == 3 &&
           ((in.one(0x89) && in.reg == kRbp && in.rm == kRsp) || (in.one(0x8b) && in.rm == kRbp && in.reg == kRsp)))
    s.pointer = s.frame;
  else if (in.one(0x8d) && in.reg == kRbp && in.base == kRsp && in.index < 0 && s.pointer)
    s.frame = *s.pointer + in.displacement;
  else if (in.one(0xc9)) {
    s.pointer = s.frame;
    move(8);
    s.frame.reset();
  } else {
    const RegisterSet set = scan::written(in);
    if ((set & bit(kRsp)) != 0) s.pointer.reset();
    if ((set & bit(kRbp)) != 0) s.frame.reset();
  }
  return s;
}

std::optional<std::int64_t> Graph::x86_stack_place(std::uint32_t i) const {
  const Insn& in = insns_[i];
  if (!in.has_memory || in.index >= 0 || in.segment) return std::nullopt;
  if (in.base == kRsp && stack_[i].pointer) return *stack_[i].pointer + in.displacement;
  if (in.base == kRbp && stack_[i].frame) return *stack_[i].frame + in.displacement;
  return std::nullopt;
}

}  // namespace callgate::scan
