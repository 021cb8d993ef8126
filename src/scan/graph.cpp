// SPDX-License-Identifier: Apache-2.0
#include "scan/graph.h"

#include <algorithm>

#include "scan/sweep.h"

namespace callgate::scan {

Graph::Graph(const Link& link, Node node) : node_(node) {
  const Module& module = link.module(node.module);
  decode_all(module, link.function(node).code);
  if (too_large_) return;
  find_edges(link);
  find_stack();
}

// In a straight line, as in the sweep; where data stands among the code, branches beyond it are lost, and with them
// the values: an instruction that nothing leads to has unknown values before it.
void Graph::decode_all(const Module& module, Range range) {
  const elf::Bytes there = module.file.at(range.begin);
  const elf::Bytes code = there.first(std::min<std::uint64_t>(there.size(), range.end - range.begin));
  Insn in;
  for (std::size_t at = 0; at < code.size();) {
    if (!decode(code.subspan(at), in)) {
      ++at;
      continue;
    }
    if (insns_.size() == kMaxInstructions) {
      too_large_ = true;
      return;
    }
    insns_.push_back(in);
    addresses_.push_back(range.begin + at);
    at += in.length;
  }
}

std::optional<std::uint32_t> Graph::index_of(Address a) const {
  const auto found = std::lower_bound(addresses_.begin(), addresses_.end(), a);
  if (found == addresses_.end() || *found != a) return std::nullopt;
  return static_cast<std::uint32_t>(found - addresses_.begin());
}

void Graph::find_edges(const Link& link) {
  const Module& module = link.module(node_.module);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // to, from
  std::vector<std::uint32_t> labels;
  for (const Ref& r : module.refs_of(link.function(node_)))
    if (link.function(node_).indirect_jump && r.kind == RefKind::address && !module.is_code(r.to))
      for (const bool absolute : {false, true})
        for (const Address target : table_targets(module, r.to, table_limit(module, r.to), absolute))
          if (const auto i = index_of(target)) labels.push_back(*i);
  // Labels whose addresses stand in data (computed goto).
  const auto label = [&](Address a) {
    if (const auto i = index_of(a); i && *i != 0) labels.push_back(*i);
  };
  if (link.function(node_).indirect_jump) {
    for (const elf::Relocation& r : module.file.relocations)
      if (r.type == elf::kRelative) label(static_cast<Address>(r.addend));
    for (const Address a : module.pointers) label(a);
  }
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Insn& in = insns_[i];
    const bool call = in.is_call() || in.is_indirect_call();
    if (!in.is_end() && (!call || link.call_returns(node_, addresses_[i]))) {
      // Behind bytes that are no instruction nothing goes on.
      if (i + 1 == size() || addresses_[i + 1] == next_address(i)) pairs.emplace_back(i + 1, i);
    }
    if (in.is_jump() || in.is_branch())
      if (const auto to = index_of(next_address(i) + static_cast<Address>(in.immediate))) pairs.emplace_back(*to, i);
    if (in.is_indirect_jump() && !in.rip_relative)
      for (const std::uint32_t to : labels) pairs.emplace_back(to, i);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  first_edge_.assign(size() + 2, 0);
  for (const auto& [to, from] : pairs) {
    ++first_edge_[to + 1];
    edges_.push_back(from);
  }
  for (std::size_t i = 1; i < first_edge_.size(); ++i) first_edge_[i] += first_edge_[i - 1];
  for (const auto& [to, from] : pairs) forward_.emplace_back(from, to);
  std::sort(forward_.begin(), forward_.end());
}

std::vector<std::uint32_t> Graph::after(std::uint32_t i) const {
  std::vector<std::uint32_t> out;
  for (auto e = std::lower_bound(forward_.begin(), forward_.end(), std::pair(i, std::uint32_t{0}));
       e != forward_.end() && e->first == i; ++e)
    out.push_back(e->second);
  return out;
}

std::optional<std::vector<std::uint32_t>> Graph::uses_as_target(std::uint32_t i, unsigned reg) const {
  std::vector<std::uint32_t> out, work = after(i);
  std::vector<bool> seen(size() + 1);
  while (!work.empty()) {
    const std::uint32_t at = work.back();
    work.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    if (at == size()) {
      // What follows is another function, which takes nothing from a register that callees give back.
      if ((bit(reg) & kCallerSaved) != 0) return std::nullopt;
      continue;
    }
    const Insn& in = insns_[at];
    const bool through = (in.is_indirect_call() || in.is_indirect_jump()) && in.mod == 3 && in.rm == reg;
    if (through) out.push_back(at);
    const bool compared =
        in.one(0x39) || in.one(0x3b) || in.one(0x85) || ((in.one(0x81) || in.one(0x83)) && in.group() == 7);
    const bool overwritten = (written(in) & bit(reg)) != 0;
    const Use use = use_of(in, reg);
    if (use == Use::none && overwritten) continue;
    if (use == Use::read && !through && !(compared && !in.has_memory)) return std::nullopt;
    if (in.is_return() && (reg == kRax || reg == kRdx)) return std::nullopt;
    // It leaves the function in a register: to whom, is not known.
    const bool leaves = in.is_indirect_jump() || (in.is_jump() && after(at).empty());
    if (leaves && !through && (bit(reg) & kCallerSaved) != 0) return std::nullopt;
    if (!overwritten || through)
      for (const std::uint32_t next : after(at))
        if (!((in.is_call() || in.is_indirect_call()) && (bit(reg) & kCallerSaved) != 0)) work.push_back(next);
  }
  return out;
}

StackState Graph::moved(std::uint32_t i, StackState s) const {
  const Insn& in = insns_[i];
  const auto move = [&](std::int64_t by) {
    if (s.rsp) *s.rsp += by;
  };
  const bool push = in.map == Map::one && ((in.opcode & 0xf8U) == 0x50U || in.opcode == 0x68 || in.opcode == 0x6a ||
                                           in.opcode == 0x9c || (in.opcode == 0xff && in.group() == 6));
  const bool pop = in.map == Map::one && ((in.opcode & 0xf8U) == 0x58U || in.opcode == 0x9d || in.one(0x8f));
  const bool group_one = in.one(0x83) || in.one(0x81);
  if (push && !in.vector)
    move(-8);
  else if (pop && !in.vector) {
    move(8);
    if (in.rm == kRbp) s.rbp.reset();
    if (in.one(0x58 + kRsp)) s.rsp.reset();
  } else if (group_one && in.mod == 3 && in.rm == kRsp && in.group() == 0)
    move(in.immediate);
  else if (group_one && in.mod == 3 && in.rm == kRsp && in.group() == 5)
    move(-in.immediate);
  else if (in.one(0x8d) && in.reg == kRsp && in.base == kRsp && in.index < 0)
    move(in.displacement);
  else if (in.one(0x8d) && in.reg == kRsp && in.base == kRbp && in.index < 0 && s.rbp)
    s.rsp = *s.rbp + in.displacement;
  else if (in.mod == 3 &&
           ((in.one(0x89) && in.reg == kRsp && in.rm == kRbp) || (in.one(0x8b) && in.rm == kRsp && in.reg == kRbp)))
    s.rbp = s.rsp;
  else if (in.mod == 3 &&
           ((in.one(0x89) && in.reg == kRbp && in.rm == kRsp) || (in.one(0x8b) && in.rm == kRbp && in.reg == kRsp)))
    s.rsp = s.rbp;
  else if (in.one(0x8d) && in.reg == kRbp && in.base == kRsp && in.index < 0 && s.rsp)
    s.rbp = *s.rsp + in.displacement;
  else if (in.one(0xc9)) {
    s.rsp = s.rbp;
    move(8);
    s.rbp.reset();
  } else {
    const RegisterSet set = written(in);
    if ((set & bit(kRsp)) != 0) s.rsp.reset();
    if ((set & bit(kRbp)) != 0) s.rbp.reset();
  }
  return s;
}

// Compilers keep the stack pointer the same on all ways to a place, so the first way counts.
void Graph::find_stack() {
  stack_.resize(size() + 1);
  if (size() == 0) return;
  std::vector<bool> seen(size() + 1);
  std::vector<std::uint32_t> work{0};
  seen[0] = true;
  stack_[0].rsp = 0;
  while (!work.empty()) {
    const std::uint32_t i = work.back();
    work.pop_back();
    if (i == size()) continue;
    const StackState next = moved(i, stack_[i]);
    for (const std::uint32_t to : after(i)) {
      if (seen[to]) continue;
      seen[to] = true;
      stack_[to] = next;
      work.push_back(to);
    }
  }
}

std::optional<std::int64_t> Graph::stack_place(std::uint32_t i) const {
  const Insn& in = insns_[i];
  if (!in.has_memory || in.index >= 0 || in.segment) return std::nullopt;
  if (in.base == kRsp && stack_[i].rsp) return *stack_[i].rsp + in.displacement;
  if (in.base == kRbp && stack_[i].rbp) return *stack_[i].rbp + in.displacement;
  return std::nullopt;
}

}  // namespace callgate::scan
