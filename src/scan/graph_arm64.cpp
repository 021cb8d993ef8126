// What a graph says of aarch64 instructions.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "scan/graph.h"

namespace callgate::scan {

using arm64::A64;
using arm64::Op;

void Graph::arm64_decode(const Module& module, const Function& f) {
  if ((f.code.end - f.code.begin) / 4 > kMaxInstructions) {
    code_.emplace(module, Range{f.code.begin, f.code.begin});
    too_large_ = true;
    return;
  }
  code_.emplace(module, f.code);
  for (const Ref& r : module.refs_of(f))
    if (r.kind == RefKind::jump_slot || r.kind == RefKind::call_slot) slots_.emplace_back(r.from, r.to);
  std::sort(slots_.begin(), slots_.end());
  for (std::uint32_t i = 0; i < code_->size(); ++i) {
    const A64& in = code_->insn(i);
    const bool direct = in.flow == Flow::call || in.flow == Flow::jump || in.flow == Flow::branch;
    // Where no jump of the function is through a register that may hold anything, all are through pointers in memory.
    const Flow flow = in.flow == Flow::indirect_jump && !f.indirect_jump ? Flow::slot_jump : in.flow;
    instructions_.push_back({code_->address(i), direct ? code_->target(i) : Address{0}, 4, flow});
    const bool stack = in.rn == arm64::kStackPointer || in.rn == arm64::kFramePointer;
    if ((in.op == Op::add || in.op == Op::copy || in.op == Op::combine) && stack && in.rd < arm64::kFramePointer)
      names_stack_ = true;
  }
}

void Graph::arm64_labels(const Module& module, const Function& f, std::vector<std::uint32_t>& out) const {
  const arm64::Jumps jumps = arm64::jumps_by_tables(module, f, *code_);
  for (const Address a : jumps.targets)
    if (const auto i = index_of(a)) out.push_back(*i);
  // A case whose table has not been found; where exceptions are handled, it may be a handler.
  if (f.handlers || (jumps.targets.empty() && jumps.unresolved.empty())) return;
  for (std::uint32_t i = 0; i < size(); ++i)
    if (code_->is_orphan(i)) out.push_back(i);
}

std::optional<Address> Graph::arm64_slot(std::uint32_t i) const {
  const auto found = std::lower_bound(slots_.begin(), slots_.end(), std::pair(address(i), Address{0}));
  return found != slots_.end() && found->first == address(i) ? std::optional(found->second) : std::nullopt;
}

std::optional<unsigned> Graph::arm64_pointer_to(std::uint32_t i) const {
  const A64& in = code_->insn(i);
  const bool loads = in.op == Op::load && in.size == 8 && !in.vector && !in.pair;
  const bool forms = (in.op == Op::add && in.wide) || in.op == Op::address;
  if ((!loads && !forms) || in.rd >= arm64::kStackPointer) return std::nullopt;
  return in.rd;
}

std::optional<Store> Graph::arm64_store(std::uint32_t i) const {
  const A64& in = code_->insn(i);
  if (!in.writes_memory) return std::nullopt;
  if (in.op != Op::store) return Store{Store::From::other, 0, 64};
  if (in.vector || in.pair || in.size < 4)
    return Store{Store::From::other, 0, std::uint64_t{in.size} * (in.pair ? 2 : 1)};
  if (in.rd == arm64::kZero) return Store{Store::From::constant, 0, in.size};
  return Store{Store::From::reg, in.rd, in.size};
}

bool Graph::arm64_goes_through(std::uint32_t i, unsigned reg) const {
  const A64& in = code_->insn(i);
  return (in.flow == Flow::indirect_call || in.flow == Flow::indirect_jump) && in.rn == reg;
}

std::optional<unsigned> Graph::arm64_base(std::uint32_t i) const {
  const A64& in = code_->insn(i);
  const bool transfers = (in.op == Op::load || in.op == Op::store) && in.mode == arm64::Mode::offset;
  return transfers || in.op == Op::add ? std::optional(unsigned{in.rn}) : std::nullopt;
}

bool Graph::arm64_base_of(std::uint32_t i, unsigned reg) const {
  const A64& in = code_->insn(i);
  const bool stored = in.op == Op::store && !in.vector && (in.rd == reg || in.rd2 == reg);
  return (in.op == Op::load || in.op == Op::store) && in.mode == arm64::Mode::offset && in.rn == reg && !stored;
}

bool Graph::arm64_only_compares(std::uint32_t i) const {
  const Op op = code_->insn(i).op;
  return op == Op::compare || op == Op::compare_constant || op == Op::zero_branch;
}

// A number of bytes that is too large for one instruction: sub sp, sp, x16 behind movz and movk.
std::optional<std::int64_t> Graph::arm64_constant(std::uint32_t i, unsigned reg) const {
  std::uint64_t value = 0, known = 0;
  for (auto at = code_->definition(i, reg); at; at = code_->definition(*at, reg)) {
    const A64& in = code_->insn(*at);
    if (in.op != Op::insert && in.op != Op::constant) return std::nullopt;
    const std::uint64_t mask = in.op == Op::insert ? std::uint64_t{0xffff} << in.shift : ~std::uint64_t{0};
    value |= static_cast<std::uint64_t>(in.imm) & mask & ~known;
    known |= mask;
    if (in.op == Op::constant) return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

StackState Graph::arm64_moved(std::uint32_t i, StackState s) const {
  constexpr std::uint8_t kSp = arm64::kStackPointer, kFp = arm64::kFramePointer;
  const A64& in = code_->insn(i);
  const bool transfer = in.op == Op::load || in.op == Op::store;
  const auto from = [&](std::uint8_t reg) { return reg == kSp ? s.pointer : reg == kFp ? s.frame : std::nullopt; };
  const StackState before = s;
  if ((in.written & bit(kSp)) != 0) s.pointer.reset();
  if ((in.written & bit(kFp)) != 0 && !is_any_call(in.flow)) s.frame.reset();
  if (transfer && (in.mode == arm64::Mode::before || in.mode == arm64::Mode::after) && in.rn == kSp) {
    if (before.pointer) s.pointer = *before.pointer + in.imm;
  } else if ((in.op == Op::add || in.op == Op::copy) && (in.rd == kSp || in.rd == kFp) && in.wide) {
    s = before;
    const auto base = from(in.rn);
    (in.rd == kSp ? s.pointer : s.frame) = base ? std::optional(*base + in.imm) : std::nullopt;
  } else if (in.op == Op::combine && in.rd == kSp && in.wide && in.rm < kSp && in.shift == 0) {
    s = before;
    const auto base = from(in.rn);
    const auto by = arm64_constant(i, in.rm);
    s.pointer.reset();
    if (base && by && in.function == arm64::Function::add) s.pointer = *base + *by;
    if (base && by && in.function == arm64::Function::subtract) s.pointer = *base - *by;
  }
  return s;
}

std::optional<std::int64_t> Graph::arm64_stack_place(std::uint32_t i) const {
  const A64& in = code_->insn(i);
  if ((in.op != Op::load && in.op != Op::store) || in.mode == arm64::Mode::indexed || in.mode == arm64::Mode::literal)
    return std::nullopt;
  const std::int64_t offset = in.mode == arm64::Mode::after ? 0 : in.imm;
  if (in.rn == arm64::kStackPointer && stack_[i].pointer) return *stack_[i].pointer + offset;
  if (in.rn == arm64::kFramePointer && stack_[i].frame) return *stack_[i].frame + offset;
  return std::nullopt;
}

}  // namespace callgate::scan
