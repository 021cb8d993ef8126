// One function decoded, with the ways control takes between its instructions, backwards. Made only for the few
// functions in which a value has to be found.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/arm64_code.h"
#include "scan/decode.h"
#include "scan/link.h"

namespace callgate::scan {

// Where the stack pointer and a frame pointer stand, as distances from the stack pointer at the function's entry.
struct StackState {
  std::optional<std::int64_t> pointer, frame;
};

// An instruction as any machine has them.
struct Instruction {
  Address address = 0;
  Address target = 0;  // of a direct call, jump or branch
  std::uint8_t length = 0;
  Flow flow = Flow::next;
};

// What an instruction writes to memory whose address it names itself.
struct Store {
  enum class From : std::uint8_t { reg, constant, other } from = From::other;
  std::int64_t value = 0;  // the register, or the constant
  std::uint64_t size = 0;  // bytes, at most
};

class Graph {
 public:
  // Functions with more instructions are not looked into.
  static constexpr std::size_t kMaxInstructions = 20000;
  // Nor those in which jumps through registers may go so many ways.
  static constexpr std::size_t kMaxJumpEdges = std::size_t{1} << 22;

  Graph(const Link& link, Node node);
  bool too_large() const { return too_large_; }
  Node node() const { return node_; }
  const Machine& machine() const { return machine_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(instructions_.size()); }
  Address address(std::uint32_t i) const { return instructions_[i].address; }
  Address next_address(std::uint32_t i) const { return instructions_[i].address + instructions_[i].length; }
  Flow flow(std::uint32_t i) const { return instructions_[i].flow; }
  const Instruction& instruction(std::uint32_t i) const { return instructions_[i]; }
  // Of x86-64 alone.
  const Insn& insn(std::uint32_t i) const { return insns_[i]; }
  // Of aarch64 alone.
  const arm64::Code& code() const { return *code_; }
  // Some register holds an address on the stack, besides the stack's own.
  bool names_stack() const { return names_stack_; }
  // The registers that the instruction writes; calls: those that callees may.
  RegisterSet written(std::uint32_t i) const { return code_ ? code_->insn(i).written : x86_written(i); }
  // Nothing: it does not write memory that it names by itself.
  std::optional<Store> store(std::uint32_t i) const { return code_ ? arm64_store(i) : x86_store(i); }
  // Where the pointer stands through which it calls or jumps, if it states that.
  std::optional<Address> slot(std::uint32_t i) const { return code_ ? arm64_slot(i) : x86_slot(i); }
  // The register into which it puts an address that it forms, or a pointer that it reads, whole.
  std::optional<unsigned> pointer_to(std::uint32_t i) const { return code_ ? arm64_pointer_to(i) : x86_pointer_to(i); }
  std::optional<std::uint32_t> index_of(Address a) const;
  // The instructions after which control may be before instruction i; size() stands for the function's end.
  std::span<const std::uint32_t> before(std::uint32_t i) const {
    return std::span(edges_).subspan(first_edge_[i], first_edge_[i + 1] - first_edge_[i]);
  }
  // Where control may go after instruction i.
  std::vector<std::uint32_t> after(std::uint32_t i) const;
  // The calls and jumps through `reg` that get the value which it has after instruction i; nothing if the value may
  // go anywhere else. Comparing it is no use.
  std::optional<std::vector<std::uint32_t>> uses_as_target(std::uint32_t i, unsigned reg) const;
  // The loads and stores at a distance from where `reg` points after instruction i; nothing if its value may go
  // anywhere else. Of aarch64 alone, where the address of a variable takes an instruction of its own.
  std::optional<std::vector<std::uint32_t>> uses_as_base(std::uint32_t i, unsigned reg) const;
  // The register by which a load or store names its place, or from which an address is formed. Of aarch64 alone:
  // elsewhere instructions name places whole.
  std::optional<unsigned> base(std::uint32_t i) const { return code_ ? arm64_base(i) : std::nullopt; }
  // The distance from there.
  Address displacement(std::uint32_t i) const { return static_cast<Address>(code_->insn(i).imm); }
  const StackState& stack(std::uint32_t i) const {
    static constexpr StackState kUnknown{};
    return i < stack_.size() ? stack_[i] : kUnknown;
  }
  // The address that a memory operand names, relative to rip.
  Address rip_target(std::uint32_t i) const {
    return next_address(i) + static_cast<Address>(std::int64_t{insns_[i].displacement});
  }
  // Distance from the entry's stack pointer of a memory operand on the stack.
  std::optional<std::int64_t> stack_place(std::uint32_t i) const {
    return code_ ? arm64_stack_place(i) : x86_stack_place(i);
  }

 private:
  // graph_x86.cpp
  void x86_decode(const Module& module, Range range);
  RegisterSet x86_written(std::uint32_t i) const;
  std::optional<Store> x86_store(std::uint32_t i) const;
  std::optional<Address> x86_slot(std::uint32_t i) const;
  std::optional<unsigned> x86_pointer_to(std::uint32_t i) const;
  std::optional<std::int64_t> x86_stack_place(std::uint32_t i) const;
  bool x86_goes_through(std::uint32_t i, unsigned reg) const;
  bool x86_only_compares(std::uint32_t i) const;
  Use x86_use_of(std::uint32_t i, unsigned reg) const;
  StackState x86_moved(std::uint32_t i, StackState s) const;
  void x86_labels(const Module& module, const Function& f, std::vector<std::uint32_t>& out) const;
  // graph_arm64.cpp
  void arm64_decode(const Module& module, const Function& f);
  std::optional<Store> arm64_store(std::uint32_t i) const;
  std::optional<Address> arm64_slot(std::uint32_t i) const;
  std::optional<unsigned> arm64_pointer_to(std::uint32_t i) const;
  std::optional<std::int64_t> arm64_stack_place(std::uint32_t i) const;
  std::optional<std::int64_t> arm64_constant(std::uint32_t i, unsigned reg) const;
  bool arm64_goes_through(std::uint32_t i, unsigned reg) const;
  bool arm64_only_compares(std::uint32_t i) const;
  bool arm64_base_of(std::uint32_t i, unsigned reg) const;
  std::optional<unsigned> arm64_base(std::uint32_t i) const;
  StackState arm64_moved(std::uint32_t i, StackState s) const;
  void arm64_labels(const Module& module, const Function& f, std::vector<std::uint32_t>& out) const;

  // The instructions to which the value of `reg` after instruction i goes, if `wanted` says of all that they are it.
  template <class F>
  std::optional<std::vector<std::uint32_t>> uses(std::uint32_t i, unsigned reg, F wanted) const;
  // A call or jump through the register.
  bool goes_through(std::uint32_t i, unsigned reg) const {
    return code_ ? arm64_goes_through(i, reg) : x86_goes_through(i, reg);
  }
  // It reads registers to compare them, and does nothing else.
  bool only_compares(std::uint32_t i) const { return code_ ? arm64_only_compares(i) : x86_only_compares(i); }
  Use use_of(std::uint32_t i, unsigned reg) const {
    return code_ ? arm64::use_of(code_->insn(i), code_->word(i), reg) : x86_use_of(i, reg);
  }
  // What the instruction makes of the stack's state before it.
  StackState moved(std::uint32_t i, StackState s) const { return code_ ? arm64_moved(i, s) : x86_moved(i, s); }
  void find_edges(const Link& link);
  void find_stack();

  Node node_;
  const Machine& machine_;
  bool too_large_ = false, names_stack_ = false;
  std::vector<Instruction> instructions_;
  std::vector<Insn> insns_;                         // of x86-64
  std::optional<arm64::Code> code_;                 // of aarch64
  std::vector<std::pair<Address, Address>> slots_;  // of aarch64: a jump through a pointer that it states, and where
  std::vector<std::uint32_t> first_edge_, edges_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> forward_;  // from, to
  std::vector<StackState> stack_;
};

}  // namespace callgate::scan
