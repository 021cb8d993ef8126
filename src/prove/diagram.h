// Decisions on arguments as diagrams: a node looks at some bits of one argument and has a child for each interval of
// their value. Arguments are asked in order, and of one argument first all bits, then the low word, then lesser masks;
// equal nodes are one node. So words compared one after the other come out as the 64-bit comparison they make up,
// contradictory paths vanish, and paths that act alike become one, whatever the program did.
//
//   bits asked        value that intervals are of
//   all 64            the argument
//   mask              the argument's bits under the mask, packed together (pext)
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "policy/policy.h"
#include "prove/word_ranges.h"

namespace callgate::prove {

using NodeId = std::uint32_t;
inline constexpr std::uint8_t kInstructionPointer = 6;  // asked last, as if it were an argument
inline constexpr std::uint64_t kWholeArgument = ~std::uint64_t{0}, kLowWord = 0xffffffff;

struct DiagramNode {
  static constexpr std::uint8_t kLeaf = 0xff;
  std::uint8_t arg = kLeaf;
  std::uint64_t mask = 0;
  policy::Action action;              // of a leaf
  std::vector<std::uint64_t> firsts;  // where each child's interval begins; ascending from 0
  std::vector<NodeId> children;       // neighbours differ
  auto operator<=>(const DiagramNode&) const = default;
  bool is_leaf() const { return arg == kLeaf; }
};

// The bits of `value` under `mask`, packed; and back.
std::uint64_t pack(std::uint64_t value, std::uint64_t mask);
std::uint64_t unpack(std::uint64_t packed, std::uint64_t mask);
// The greatest packed value.
std::uint64_t packed_limit(std::uint64_t mask);

class Diagrams {
 public:
  static constexpr std::size_t kMaxWork = 3'000'000;

  NodeId leaf(policy::Action action);
  // `yes` where the test of half an argument (high or low word) holds, else `no`.
  NodeId branch(std::uint8_t arg, bool high, const WordTest& test, NodeId yes, NodeId no);
  const DiagramNode& operator[](NodeId id) const { return nodes_[id]; }
  // Whether the work has become too much: results are of no use any more.
  bool exhausted() const { return work_ > kMaxWork; }
  bool asks(NodeId root, std::uint8_t arg) const;

 private:
  struct Piece {
    std::uint64_t first;
    NodeId child;
  };
  struct Known {
    std::uint8_t arg;
    std::uint64_t mask, bits;
  };
  NodeId intern(DiagramNode node);
  // Pieces of the values of arg & mask, ascending from 0, whose children ask about what comes later or the low word.
  NodeId make(std::uint8_t arg, std::uint64_t mask, const std::vector<Piece>& pieces);
  void add_piece(DiagramNode& node, std::uint64_t first, std::uint64_t last, NodeId child);
  NodeId restrict(NodeId id, const Known& known);
  NodeId condition(std::uint8_t arg, bool high, const WordTest& test);
  NodeId select(NodeId condition, NodeId yes, NodeId no);
  NodeId child_at(NodeId id, std::uint64_t packed) const;

  std::vector<DiagramNode> nodes_;
  std::map<DiagramNode, NodeId> ids_;
  std::map<std::tuple<NodeId, NodeId, NodeId>, NodeId> selected_;
  std::size_t work_ = 0;
};

}  // namespace callgate::prove
