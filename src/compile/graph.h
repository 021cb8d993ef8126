// The filter before it has addresses: a graph of instructions in which equal sub-graphs are one node (hash-consed), so
// code is shared between calls and architectures as soon as it is equal. A node means "what happens from here on,
// given A"; a test looks at A whatever was loaded into it, so a test is shared even between different words.
//
// Nodes are never changed and refer only to older ones: a node's id is greater than its children's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/program.h"

namespace callgate::compile {

using NodeId = std::uint32_t;

// `code` is the instruction's. RET: k. LD and AND: k, and `t` comes next. Conditional jump: `t` if it holds, else `f`.
struct Node {
  std::uint16_t code = 0;
  std::uint32_t k = 0;
  NodeId t = 0, f = 0;
  bool operator==(const Node&) const = default;
  bool is_ret() const { return code == bpf::op::kRetK; }
  bool is_jump() const { return (code & 0x07U) == bpf::op::kJa; }
};

class Graph {
 public:
  Graph();
  NodeId ret(std::uint32_t value) { return intern({bpf::op::kRetK, value, 0, 0}); }
  NodeId load(std::uint32_t offset, NodeId next);
  NodeId bit_and(std::uint32_t mask, NodeId next) { return intern({bpf::op::kAndK, mask, next, next}); }
  // `code` is a conditional jump's. Tests with one outcome, or whose outcomes lead to one node, vanish.
  NodeId test(std::uint16_t code, std::uint32_t k, NodeId t, NodeId f);
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  // Nodes that can be reached from `root`, in ascending order.
  std::vector<NodeId> reachable(NodeId root) const;

 private:
  NodeId intern(const Node& node);
  void grow();
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> slots_;  // open addressing; id + 1, 0 is free
};

}  // namespace callgate::compile
