// See emit.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/emit.h"

#include <algorithm>

namespace callgate::compile {

namespace {

constexpr std::uint32_t kMaxJump = 255;  // jt and jf are 8 bits

class Emitter {
 public:
  Emitter(const Graph& graph, NodeId root) : graph_(graph), place_(root + std::size_t{1}) {
    program_.reserve(root + 16);
  }

  bpf::Program run(NodeId root) {
    std::vector<NodeId> work{root};
    while (!work.empty()) {
      const NodeId id = work.back();
      if (place_[id] != 0) {
        work.pop_back();
      } else if (const NodeId child = missing_child(id); child != id) {
        work.push_back(child);
      } else {
        place(id);
        work.pop_back();
      }
    }
    std::reverse(program_.begin(), program_.end());
    return std::move(program_);
  }

 private:
  // Places count from the end of the program: 1 is the last instruction.
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.size()); }

  // A child without a place, or `id` itself. The false side is placed first, so that the true side is near.
  NodeId missing_child(NodeId id) const {
    const Node& node = graph_[id];
    if (node.is_ret()) return id;
    if (place_[node.f] == 0) return node.f;
    return place_[node.t] == 0 ? node.t : id;
  }

  void place(NodeId id) {
    const Node& node = graph_[id];
    if (node.is_jump()) {
      place_jump(node);
    } else if (node.is_ret()) {
      program_.push_back({node.code, 0, 0, node.k});
    } else {
      place_next(node.t);
      program_.push_back({node.code, 0, 0, node.k});
    }
    place_[id] = here();
  }

  void place_jump(const Node& node) {
    // Reaching for the second target may place an instruction and so push the first one out of reach: hence one spare.
    reach(node.f, kMaxJump - 1);
    reach(node.t, kMaxJump);
    program_.push_back({node.code, distance(node.t), distance(node.f), node.k});
  }

  std::uint8_t distance(NodeId target) const { return static_cast<std::uint8_t>(here() - place_[target]); }

  void reach(NodeId target, std::uint32_t limit) {
    if (here() - place_[target] > limit) place_copy(target);
  }

  // After a load or AND control falls through: `next` must stand right behind it.
  void place_next(NodeId next) {
    if (place_[next] == here()) return;
    const Node& node = graph_[next];
    // A copy of a test costs as much as a jump to it and saves executing the jump.
    if (node.is_jump() && here() - place_[node.t] <= kMaxJump && here() - place_[node.f] <= kMaxJump) {
      program_.push_back({node.code, distance(node.t), distance(node.f), node.k});
      place_[next] = here();
    } else {
      place_copy(next);
    }
  }

  void place_copy(NodeId target) {
    const Node& node = graph_[target];
    if (node.is_ret()) {
      program_.push_back({node.code, 0, 0, node.k});
    } else {
      program_.push_back({bpf::op::kJa, 0, 0, here() - place_[target]});
    }
    place_[target] = here();
  }

  const Graph& graph_;
  std::vector<std::uint32_t> place_;  // of each node's nearest copy; 0: none yet
  bpf::Program program_;
};

}  // namespace

bpf::Program emit(const Graph& graph, NodeId root) {
  return Emitter(graph, root).run(root);
}

}  // namespace callgate::compile
