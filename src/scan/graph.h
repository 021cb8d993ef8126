// One function decoded, with the ways control takes between its instructions, backwards. Made only for the few
// functions in which a value has to be found.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/decode.h"
#include "scan/link.h"
#include "scan/registers.h"

namespace callgate::scan {

// Where the stack pointer and a frame pointer stand, as distances from the stack pointer at the function's entry.
struct StackState {
  std::optional<std::int64_t> rsp, rbp;
};

class Graph {
 public:
  // Functions with more instructions are not looked into.
  static constexpr std::size_t kMaxInstructions = 20000;

  Graph(const Link& link, Node node);
  bool too_large() const { return too_large_; }
  Node node() const { return node_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(insns_.size()); }
  const Insn& insn(std::uint32_t i) const { return insns_[i]; }
  Address address(std::uint32_t i) const { return addresses_[i]; }
  Address next_address(std::uint32_t i) const { return addresses_[i] + insns_[i].length; }
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
  const StackState& stack(std::uint32_t i) const { return stack_[i]; }
  // The address that a memory operand names, relative to rip.
  Address rip_target(std::uint32_t i) const {
    return next_address(i) + static_cast<Address>(std::int64_t{insns_[i].displacement});
  }
  // Distance from the entry's stack pointer of a memory operand on the stack.
  std::optional<std::int64_t> stack_place(std::uint32_t i) const;

 private:
  void decode_all(const Module& module, Range range);
  void find_edges(const Link& link);
  void find_stack();
  StackState moved(std::uint32_t i, StackState s) const;

  Node node_;
  bool too_large_ = false;
  std::vector<Insn> insns_;
  std::vector<Address> addresses_;
  std::vector<std::uint32_t> first_edge_, edges_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> forward_;  // from, to
  std::vector<StackState> stack_;
};

}  // namespace callgate::scan
