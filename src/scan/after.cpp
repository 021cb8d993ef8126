// What follows from where control stands.
// SPDX-License-Identifier: Apache-2.0
#include "scan/after.h"

#include <algorithm>

namespace callgate::scan {

namespace {

// The instructions of one function that can still run. On the safe side: where its ways are not all known, all do.
class Remainder {
 public:
  Remainder(const Link& link, const Graph& graph) : graph_(graph), range_(link.function(graph.node()).code) {
    const Function& f = link.function(graph.node());
    // Exceptions come back in its middle.
    whole_ = graph.too_large() || f.handlers || f.undecodable || f.unresolved_jump;
    if (!whole_) runs_.resize(graph.size());
  }

  // Control may be before the instruction at `a`. False: nothing new.
  bool from(Address a) {
    if (whole_) return false;
    const auto index = graph_.index_of(a);
    if (!index || a == range_.begin) return whole_ = true;
    bool more = false;
    std::vector<std::uint32_t> work{*index};
    while (!work.empty() && !whole_) {
      const std::uint32_t i = work.back();
      work.pop_back();
      if (i >= graph_.size() || runs_[i]) continue;
      runs_[i] = more = true;
      const auto next = graph_.after(i);
      if (goes_unknown_ways(i, next)) return whole_ = true;
      work.insert(work.end(), next.begin(), next.end());
    }
    return more || whole_;
  }

  bool contains(Address a) const {
    if (whole_) return true;
    const auto index = graph_.index_of(a);
    return !index || runs_[*index];
  }
  bool whole() const { return whole_; }

 private:
  bool goes_unknown_ways(std::uint32_t i, const std::vector<std::uint32_t>& next) const {
    const Flow flow = graph_.flow(i);
    const bool gap = i + 1 < graph_.size() && graph_.address(i + 1) != graph_.next_address(i);
    if (!is_end(flow) && gap) return true;
    if (flow == Flow::jump || flow == Flow::branch) {
      const Address target = graph_.instruction(i).target;
      return range_.contains(target) && !graph_.index_of(target);
    }
    return flow == Flow::indirect_jump && next.empty();
  }

  const Graph& graph_;
  Range range_;
  bool whole_ = false;
  std::vector<bool> runs_;
};

}  // namespace

std::vector<Node> callees(const Link& link, Node n, Address from) {
  std::vector<Node> out;
  for (const Ref& r : link.module(n.module).refs_of(link.function(n))) {
    if (r.from != from || (r.kind != RefKind::call && r.kind != RefKind::call_slot && r.kind != RefKind::jump &&
                           r.kind != RefKind::jump_slot))
      continue;
    for (const Place& p : link.targets(n.module, r))
      if (const auto callee = link.node_at(p); callee && std::find(out.begin(), out.end(), *callee) == out.end())
        out.push_back(*callee);
  }
  return out;
}

// Functions in which control stands begin as what remains of them; each way that turns out to lead into one adds to
// that, until nothing is added any more.
After::After(const Life& life, Standing standing)
    : standing_(std::move(standing)), past_{life.reach, life.started, standing_.spent, standing_.emptied} {
  const Link& link = life.link;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Remainder> remainders;
  NodeSet watched;
  const auto remainder = [&](Node n) -> Remainder& {
    watched.insert({n.module, n.function});
    return remainders.try_emplace({n.module, n.function}, link, life.tracer.graph(n)).first->second;
  };
  for (const Place& p : standing_.places)
    if (const auto n = link.node_at(p)) remainder(*n).from(p.address);
  for (bool more = true; more;) {
    dead_ = life.dead != nullptr ? *life.dead : Dead();
    for (const auto& [id, rest] : remainders) {
      const Node n{id.first, id.second};
      const Module& module = link.module(n.module);
      for (const Ref& r : module.refs_of(link.function(n)))
        if (!rest.contains(r.from)) dead_.add(n.module, r.from);
      for (const Site& s : module.sites_of(link.function(n)))
        if (!rest.contains(s.address)) dead_.add(n.module, s.address);
    }
    reach_ = std::make_unique<Reach>(link, life.apart, &dead_);
    reach_->watch(watched);
    for (const auto& [id, rest] : remainders) {
      const Address begin = link.function({id.first, id.second}).code.begin;
      reach_->add({id.first, begin}, {RootKind::resumed, {}, begin, RefKind::call});
    }
    for (const Place& p : standing_.entered) reach_->add(p, {RootKind::entry, {}, p.address, RefKind::call});
    reach_->resume(past_);
    reach_->follow();
    life.looked_up(*reach_);
    more = false;
    for (const Reach::Entrance& e : reach_->entrances()) more = remainder(e.node).from(e.at) || more;
  }
}

}  // namespace callgate::scan
