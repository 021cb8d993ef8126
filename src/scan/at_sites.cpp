// Where control stands when a system call has been made for the first time: on the ways from main to it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "scan/after.h"

namespace callgate::scan {

namespace {

std::pair<std::uint32_t, std::uint32_t> id(Node n) {
  return {n.module, n.function};
}

// Does a call of it come back more than once? setjmp and its kin put the registers that callees give back into the
// structure that they are given.
bool returns_twice(const Link& link, Tracer& tracer, Node n, int depth = 0) {
  constexpr unsigned kFirst = 12, kLast = 15;  // r12 … r15
  constexpr std::int8_t kStructure = 7;        // rdi
  constexpr std::uint32_t kMaxSize = 200;
  const Graph& graph = tracer.graph(n);
  if (graph.too_large() || graph.size() > kMaxSize || depth > 2) return false;
  RegisterSet saved = 0;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Insn& in = graph.insn(i);
    if (in.one(0x89) && in.wide && in.has_memory && in.base == kStructure && in.reg >= kFirst && in.reg <= kLast)
      saved |= bit(in.reg);
    if (graph.flow(i) == Flow::jump)
      for (const Node& next : callees(link, n, graph.address(i)))
        if (next != n && returns_twice(link, tracer, next, depth + 1)) return true;
  }
  return saved == (bit(12) | bit(13) | bit(14) | bit(15));
}

class SiteFinder {
 public:
  SiteFinder(const Life& life, const std::vector<std::pair<Node, Address>>& sites, bool direct)
      : life_(life), link_(life.link), sites_(sites), direct_(direct) {}

  Standing run() {
    out_ = at_main(life_);
    if (!out_.unknown.empty()) return std::move(out_);
    find_ways();
    if (const std::string why = before_main(); !why.empty()) {
      out_ = {};
      out_.unknown = why;
      return std::move(out_);
    }
    const auto main = link_.node_at(out_.entered.front());
    const std::string held = held_way();
    const bool from_main = main && ways_.contains(id(*main));
    // Somebody may have called it from anywhere, in a thread or a handler.
    if (!from_main || (!held.empty() && !direct_)) {
      out_.note = from_main ? fmt::format(
                                  "{} may be called through a pointer, and comes there: all that main can come "
                                  "to counts",
                                  held)
                            : "it is called only through pointers: all that main can come to counts";
      return std::move(out_);
    }
    out_.assumed = !held.empty();
    stand(*main);
    return std::move(out_);
  }

 private:
  struct Edge {
    Node from, to;
    Address at = 0;
    bool call = false;
  };

  // All functions from which one of the sites is reached by calls and jumps that name their target.
  void find_ways() {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Edge>> into;
    for (const Node n : life_.reach.nodes())
      for (const Ref& r : link_.module(n.module).refs_of(link_.function(n))) {
        if (r.kind == RefKind::address || r.kind == RefKind::memory || !life_.reach.runs(n, r.from)) continue;
        const bool call = r.kind == RefKind::call || r.kind == RefKind::call_slot;
        for (const Place& p : link_.targets(n.module, r))
          if (const auto to = link_.node_at(p)) into[id(*to)].push_back({n, *to, r.from, call});
      }
    std::vector<Node> work;
    for (const auto& [n, at] : sites_)
      if (ways_.insert(id(n)).second) work.push_back(n);
    while (!work.empty()) {
      const Node n = work.back();
      work.pop_back();
      for (const Edge& e : into[id(n)]) {
        edges_[id(e.from)].push_back(e);
        if (ways_.insert(id(e.from)).second) work.push_back(e.from);
      }
    }
  }

  // An initialiser, or what enters the program, may come there before main has begun.
  std::string before_main() const {
    const auto on_the_way = [&](Place p) {
      const auto n = link_.node_at(p);
      return n && ways_.contains(id(*n));
    };
    for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
      const Module& module = link_.module(m);
      std::vector<Place> first;
      if (m == 0 || link_.program().loader == m) first.push_back({m, module.file.entry});
      if (module.file.dynamic.init != 0) first.push_back({m, module.file.dynamic.init});
      for (const Range& array : initialisers(module)) {
        for (const elf::Relocation& r : module.file.relocations) {
          if (!array.contains(r.place)) continue;
          if (r.symbol == 0)
            first.push_back({m, static_cast<Address>(r.addend)});
          else
            for (const Place& p : link_.definitions(m, r.symbol)) first.push_back(p);
        }
        if (!module.file.position_dependent) continue;
        Address a = 0;
        for (Address at = array.begin; at < array.end && module.file.read(at, a); at += 8) first.push_back({m, a});
      }
      for (const Place& p : first)
        if (on_the_way(p)) return fmt::format("{} may come there before main", module.describe(p.address));
    }
    return "";
  }

  // A function on the way to which somebody may hold a pointer, by its name; empty: none.
  std::string held_way() const {
    const Past past{life_.reach, life_.started, out_.spent, out_.emptied};
    Reach held(link_, life_.apart, life_.dead);
    held.watch(ways_);
    held.resume(past);
    held.follow();
    life_.looked_up(held);
    for (const Reach::Entrance& e : held.entrances()) {
      // A place in the middle of a function is a label of its own; control gets there only while the function runs.
      const bool label = e.at != link_.function(e.node).code.begin && link_.function(e.node).framed;
      if (e.root != RootKind::none && !label)
        return link_.module(e.node.module).describe(link_.function(e.node).code.begin);
    }
    return "";
  }

  void stand(Node main) {
    out_.entered.clear();
    std::vector<Node> work{main};
    NodeSet seen{id(main)};
    while (!work.empty()) {
      const Node n = work.back();
      work.pop_back();
      out_.stack.insert(id(n));
      for (const Edge& e : edges_[id(n)]) {
        if (e.call && link_.call_returns(n, e.at)) go_on_behind(n, e.at);
        if (seen.insert(id(e.to)).second) work.push_back(e.to);
      }
      for (const auto& [site, at] : sites_)
        if (site == n) go_on_behind(n, at);
      come_back(n);
    }
  }

  void go_on_behind(Node n, Address at) {
    const Graph& graph = life_.tracer.graph(n);
    const auto i = graph.index_of(at);
    // Not even that is known of it: all of it counts.
    out_.places.push_back({n.module, i ? graph.next_address(*i) : link_.function(n).code.begin});
  }

  // Behind each setjmp, and at labels whose address is formed.
  void come_back(Node n) {
    const Graph& graph = life_.tracer.graph(n);
    for (std::uint32_t i = 0; i < graph.size(); ++i)
      if (is_any_call(graph.flow(i)))
        for (const Node& callee : callees(link_, n, graph.address(i)))
          if (returns_twice(link_, life_.tracer, callee)) go_on_behind(n, graph.address(i));
    const Range own = link_.function(n).code;
    for (const Ref& r : link_.module(n.module).refs_of(link_.function(n)))
      if (r.kind == RefKind::address && own.contains(r.to) && r.to != own.begin)
        out_.places.push_back({n.module, r.to});
  }

  const Life& life_;
  const Link& link_;
  const std::vector<std::pair<Node, Address>>& sites_;
  bool direct_;
  NodeSet ways_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Edge>> edges_;
  Standing out_;
};

}  // namespace

Standing after_sites(const Life& life, const std::vector<std::pair<Node, Address>>& sites, bool direct) {
  return SiteFinder(life, sites, direct).run();
}

}  // namespace callgate::scan
