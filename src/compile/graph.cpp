// See graph.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/graph.h"

#include <utility>

namespace callgate::compile {

namespace {

std::uint32_t hash(const Node& node) {
  std::uint64_t h = (std::uint64_t{node.k} << 16 | node.code) * 0x9e3779b97f4a7c15ULL;
  h ^= (std::uint64_t{node.t} << 32 | node.f) * 0xd6e8feb86659fd93ULL;
  return static_cast<std::uint32_t>(h >> 32 ^ h >> 7);
}

}  // namespace

Graph::Graph() : slots_(1024) {
  nodes_.reserve(512);
}

NodeId Graph::load(std::uint32_t offset, NodeId next) {
  // What follows overwrites or ignores A.
  const Node& after = nodes_[next];
  if (after.is_ret() || after.code == bpf::op::kLdAbs) return next;
  return intern({bpf::op::kLdAbs, offset, next, next});
}

NodeId Graph::test(std::uint16_t code, std::uint32_t k, NodeId t, NodeId f) {
  if (t == f) return t;
  if (code == bpf::op::kJgeK && k == 0) return t;
  if (code == bpf::op::kJsetK && k == 0) return f;
  return intern({code, k, t, f});
}

NodeId Graph::intern(const Node& node) {
  const auto wrap = static_cast<std::uint32_t>(slots_.size() - 1);
  std::uint32_t slot = hash(node) & wrap;
  for (; slots_[slot] != 0; slot = (slot + 1) & wrap)
    if (nodes_[slots_[slot] - 1] == node) return slots_[slot] - 1;
  nodes_.push_back(node);
  slots_[slot] = static_cast<std::uint32_t>(nodes_.size());
  if (nodes_.size() * 2 > slots_.size()) grow();
  return static_cast<NodeId>(nodes_.size() - 1);
}

void Graph::grow() {
  std::vector<std::uint32_t> wider(slots_.size() * 4);
  const auto wrap = static_cast<std::uint32_t>(wider.size() - 1);
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    std::uint32_t slot = hash(nodes_[id]) & wrap;
    while (wider[slot] != 0) slot = (slot + 1) & wrap;
    wider[slot] = static_cast<std::uint32_t>(id + 1);
  }
  slots_ = std::move(wider);
}

std::vector<NodeId> Graph::reachable(NodeId root) const {
  std::vector<bool> seen(root + std::size_t{1});
  seen[root] = true;
  std::size_t count = 0;
  for (NodeId id = root + 1; id-- > 0;) {
    if (!seen[id]) continue;
    ++count;
    if (nodes_[id].is_ret()) continue;
    seen[nodes_[id].t] = true;
    seen[nodes_[id].f] = true;
  }
  std::vector<NodeId> ids;
  ids.reserve(count);
  for (NodeId id = 0; id <= root; ++id)
    if (seen[id]) ids.push_back(id);
  return ids;
}

}  // namespace callgate::compile
