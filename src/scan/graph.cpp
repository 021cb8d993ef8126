// SPDX-License-Identifier: Apache-2.0
#include "scan/graph.h"

#include <algorithm>

namespace callgate::scan {

Graph::Graph(const Link& link, Node node) : node_(node), machine_(*link.module(node.module).machine) {
  const Module& module = link.module(node.module);
  if (machine_.arch == arch::Arch::aarch64)
    arm64_decode(module, link.function(node));
  else
    x86_decode(module, link.function(node).code);
  if (too_large_) return;
  find_edges(link);
  if (!too_large_) find_stack();
}

std::optional<std::uint32_t> Graph::index_of(Address a) const {
  const auto found = std::lower_bound(instructions_.begin(), instructions_.end(), a,
                                      [](const Instruction& s, Address x) { return s.address < x; });
  if (found == instructions_.end() || found->address != a) return std::nullopt;
  return static_cast<std::uint32_t>(found - instructions_.begin());
}

void Graph::find_edges(const Link& link) {
  const Module& module = link.module(node_.module);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // to, from
  std::vector<std::uint32_t> labels;
  // Labels whose addresses stand in data (computed goto).
  const auto label = [&](Address a) {
    if (const auto i = index_of(a); i && *i != 0) labels.push_back(*i);
  };
  if (link.function(node_).indirect_jump) {
    if (code_)
      arm64_labels(module, link.function(node_), labels);
    else
      x86_labels(module, link.function(node_), labels);
    for (const elf::Relocation& r : module.file.relocations)
      if (r.type == elf::kRelative) label(static_cast<Address>(r.addend));
    for (const Address a : module.pointers) label(a);
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  const auto jumps = std::count_if(instructions_.begin(), instructions_.end(),
                                   [](const Instruction& each) { return each.flow == Flow::indirect_jump; });
  if (labels.size() * static_cast<std::size_t>(jumps) > kMaxJumpEdges) {
    too_large_ = true;
    return;
  }
  for (std::uint32_t i = 0; i < size(); ++i) {
    const auto& [address, target, length, flow] = instructions_[i];
    if (!is_end(flow) && (!is_any_call(flow) || link.call_returns(node_, address))) {
      // Behind bytes that are no instruction nothing goes on.
      if (i + 1 == size() || instructions_[i + 1].address == address + length) pairs.emplace_back(i + 1, i);
    }
    if (flow == Flow::jump || flow == Flow::branch)
      if (const auto to = index_of(target)) pairs.emplace_back(*to, i);
    if (flow == Flow::indirect_jump)
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
  return uses(i, reg, [&](std::uint32_t at) { return goes_through(at, reg); });
}

std::optional<std::vector<std::uint32_t>> Graph::uses_as_base(std::uint32_t i, unsigned reg) const {
  if (!code_) return std::nullopt;
  return uses(i, reg, [&](std::uint32_t at) { return arm64_base_of(at, reg); });
}

template <class F>
std::optional<std::vector<std::uint32_t>> Graph::uses(std::uint32_t i, unsigned reg, F wanted) const {
  if (too_large_) return std::nullopt;
  std::vector<std::uint32_t> out, work = after(i);
  std::vector<bool> seen(size() + 1);
  while (!work.empty()) {
    const std::uint32_t at = work.back();
    work.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const bool caller_saved = (bit(reg) & machine_.caller_saved) != 0;
    if (at == size()) {
      // What follows is another function, which takes nothing from a register that callees give back.
      if (caller_saved) return std::nullopt;
      continue;
    }
    const Flow flow = instructions_[at].flow;
    const bool through = wanted(at);
    if (through) out.push_back(at);
    const bool overwritten = (written(at) & bit(reg)) != 0;
    const Use use = use_of(at, reg);
    if (use == Use::none && overwritten) continue;
    if (use == Use::read && !through && !only_compares(at)) return std::nullopt;
    if (flow == Flow::returns && (bit(reg) & machine_.results) != 0) return std::nullopt;
    // It leaves the function in a register: to whom, is not known.
    const bool leaves = is_any_indirect_jump(flow) || (flow == Flow::jump && after(at).empty());
    if (leaves && !through && caller_saved) return std::nullopt;
    if (!overwritten || (through && is_any_call(flow)))
      for (const std::uint32_t next : after(at))
        if (!(is_any_call(flow) && caller_saved)) work.push_back(next);
  }
  return out;
}

// Compilers keep the stack pointer the same on all ways to a place, so the first way counts.
void Graph::find_stack() {
  stack_.resize(size() + 1);
  if (size() == 0) return;
  std::vector<bool> seen(size() + 1);
  std::vector<std::uint32_t> work{0};
  seen[0] = true;
  stack_[0].pointer = 0;
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

}  // namespace callgate::scan
