// Where main is, and where control goes on once it returns: found by following the pointer to main from where the
// kernel enters through the C library to the call that it is used for. No symbol is needed.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "scan/after.h"

namespace callgate::scan {

namespace {

using K = Value::Kind;

class MainFinder {
 public:
  explicit MainFinder(const Life& life) : link_(life.link), reach_(life.reach), tracer_(life.tracer) {}

  Standing run() {
    const Module& program = link_.module(0);
    const auto entry = link_.node_at({0, program.file.entry});
    if (program.machine->arch != arch::Arch::x86_64)
      out_.unknown = "of this machine, it is not known how main is called";
    else if (program.all_code_counts)
      out_.unknown = "the program has no main that a C library calls";
    else if (!entry || !begin(*entry, 0))
      out_.unknown = "where main begins is not found";
    else if (out_.stack.empty())
      out_.unknown = "where the C library calls main is not found";
    return std::move(out_);
  }

 private:
  static constexpr int kMaxDepth = 4;

  // The code whose address is in a register, if that is certain.
  std::optional<Place> code_in(Node n, std::uint32_t i, unsigned reg) {
    const Values values = tracer_.before(n, i, Where{Where::Kind::reg, reg, 8});
    if (values.size() != 1) return std::nullopt;
    const Value& v = *values.begin();
    const Module& module = link_.module(v.node.module);
    const auto address = static_cast<Address>(v.place);
    if (v.kind == K::global) return pointed_to(v.node.module, address);
    const bool final = v.kind == K::address || (v.kind == K::constant && module.file.position_dependent);
    return final && module.is_code(address) ? std::optional(Place{v.node.module, address}) : std::nullopt;
  }

  // What the loader puts into a pointer.
  std::optional<Place> pointed_to(std::uint32_t m, Address place) const {
    const Module& module = link_.module(m);
    for (const elf::Relocation& r : module.file.relocations) {
      if (r.place != place) continue;
      if (r.type == elf::kRelative) {
        const auto a = static_cast<Address>(r.addend);
        return module.is_code(a) ? std::optional(Place{m, a}) : std::nullopt;
      }
      const auto places = r.symbol != 0 ? link_.definitions(m, r.symbol) : std::vector<Place>();
      if (places.size() == 1) return places.front();
    }
    return std::nullopt;
  }

  // The first call that gets the address of code as its first argument hands main on; it may stand in a function that
  // is called on the way (musl's _start_c).
  bool begin(Node n, int depth) {
    const Graph& graph = tracer_.graph(n);
    if (graph.too_large() || depth > kMaxDepth) return false;
    const unsigned first = graph.machine().parameters[0];
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      const Flow flow = graph.flow(i);
      if (!is_any_call(flow) && flow != Flow::jump) continue;
      const auto next = callees(link_, n, graph.address(i));
      if (const auto main = code_in(n, i, first); main && !next.empty()) {
        out_.entered = {*main};
        spend(n, *main);
        for (const Node& callee : next) hands_on(callee, first, 0);
        return true;
      }
      for (const Node& callee : next)
        if (begin(callee, depth + 1)) return true;
    }
    return false;
  }

  // Where the address of main is formed to be handed on, nobody keeps it.
  void spend(Node n, Place main) {
    for (const Ref& r : link_.module(n.module).refs_of(link_.function(n))) {
      const bool formed = r.kind == RefKind::address && main.module == n.module && r.to == main.address;
      const auto held = r.kind == RefKind::memory ? pointed_to(n.module, r.to) : std::nullopt;
      const bool read = held && held->module == main.module && held->address == main.address;
      if (!formed && !read) continue;
      out_.spent.insert({n.module, r.from});
      if (read && !named_elsewhere(n, r.to)) out_.emptied.insert({n.module, r.to});
    }
  }

  bool named_elsewhere(Node n, Address place) const {
    const Module& module = link_.module(n.module);
    for (const Node by : reach_.nodes())
      if (by.module == n.module && by != n)
        for (const Ref& r : module.refs_of(link_.function(by)))
          if (r.to == place) return true;
    return false;
  }

  bool is_main(const Values& values, Node f, unsigned parameter) const {
    return std::any_of(values.begin(), values.end(), [&](const Value& v) {
      return v.kind == K::parameter && v.node == f && v.place == static_cast<std::int64_t>(parameter);
    });
  }

  // Does the function, whose parameter is main, call it, or what it hands it on to? Notes where control goes on then.
  bool hands_on(Node f, unsigned parameter, int depth) {
    if (const auto known = known_.find({f.module, f.function, parameter}); known != known_.end()) return known->second;
    known_[{f.module, f.function, parameter}] = false;
    const Graph& graph = tracer_.graph(f);
    if (graph.too_large() || depth > kMaxDepth) return false;
    bool found = false;
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      const Flow flow = graph.flow(i);
      const bool call = is_any_call(flow);
      if (!call && flow != Flow::jump && !is_any_indirect_jump(flow)) continue;
      std::vector<Node> next = callees(link_, f, graph.address(i));
      bool leads = false;
      if (next.empty() && (flow == Flow::indirect_call || flow == Flow::indirect_jump)) {
        const Values through = target(f, i);
        leads = is_main(through, f, parameter);
        for (const Value& v : through)
          if (v.kind == K::address)
            if (const auto n = link_.node_at({v.node.module, static_cast<Address>(v.place)})) next.push_back(*n);
      }
      for (const Node& callee : next)
        for (const unsigned argument : graph.machine().parameters)
          if (is_main(tracer_.before(f, i, Where{Where::Kind::reg, argument, 8}), f, parameter))
            leads = hands_on(callee, argument, depth + 1) || leads;
      if (!leads) continue;
      found = true;
      out_.stack.insert({f.module, f.function});
      if (call && link_.call_returns(f, graph.address(i))) out_.places.push_back({f.module, graph.next_address(i)});
    }
    return known_[{f.module, f.function, parameter}] = found;
  }

  // What an indirect call or jump goes through.
  Values target(Node f, std::uint32_t i) {
    const Graph& graph = tracer_.graph(f);
    const Insn& in = graph.insn(i);
    if (!in.has_memory) return tracer_.before(f, i, Where{Where::Kind::reg, in.rm, 8});
    if (const auto place = graph.stack_place(i)) return tracer_.before(f, i, Where{Where::Kind::stack, *place, 8});
    return {};
  }

  const Link& link_;
  const Reach& reach_;
  Tracer& tracer_;
  Standing out_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, unsigned>, bool> known_;
};

}  // namespace

Standing at_main(const Life& life) {
  return MainFinder(life).run();
}

}  // namespace callgate::scan
