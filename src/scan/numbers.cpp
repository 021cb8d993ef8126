// SPDX-License-Identifier: Apache-2.0
#include "scan/numbers.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::scan {

namespace {

// More places than this for one question, and the answer is "unknown".
constexpr std::size_t kMaxItems = 5000;

using K = Value::Kind;

}  // namespace

Findings Numbers::find(Node n, Address at, unsigned reg) {
  Findings out;
  std::vector<Item> work;
  for (const Value& v : tracer_.before(n, at, Where{Where::Kind::reg, reg, 8})) work.push_back({v, n, at});
  std::set<Value> seen;
  std::size_t count = 0;
  while (!work.empty()) {
    const Item item = work.back();
    work.pop_back();
    if (item.value.kind != K::constant && item.value.kind != K::address && !seen.insert(item.value).second) continue;
    if (++count > kMaxItems) {
      out.unknown.emplace_back("too many callers");
      break;
    }
    expand(item, work, out);
  }
  std::sort(out.unknown.begin(), out.unknown.end());
  out.unknown.erase(std::unique(out.unknown.begin(), out.unknown.end()), out.unknown.end());
  return out;
}

void Numbers::expand(const Item& item, std::vector<Item>& work, Findings& out) {
  switch (item.value.kind) {
    case K::constant:
    case K::address:
      out.settled.push_back({item.value, item.at, item.from});
      return;
    case K::parameter:
    case K::stack_passed:
    case K::member:
      return from_callers(item, work, out);
    case K::global:
    case K::global_member:
      return from_global(item, work, out);
    case K::frame:
      out.unknown.emplace_back("an address on the stack");
      return;
    case K::unknown:
      out.unknown.push_back(
          fmt::format("{} in {}", item.value.why,
                      link_.module(item.value.node.module).describe(link_.function(item.value.node).code.begin)));
      return;
  }
}

Values Numbers::at_caller(const Caller& caller, const Value& wanted) {
  const Graph& graph = tracer_.graph(caller.node);
  const auto index = graph.index_of(caller.from);
  const auto unknown = [&](const char* why) {
    Value v;
    v.node = caller.node;
    v.why = why;
    return Values{v};
  };
  if (!index) return unknown("data stands among the code");
  const std::uint32_t at = caller.after ? *index + 1 : *index;
  const bool call = !caller.after && is_any_call(graph.flow(*index));
  if (wanted.kind == K::parameter) return tracer_.before(caller.node, at, Where{Where::Kind::reg, wanted.place, 8});
  if (wanted.kind == K::stack_passed) {
    const auto& pointer = graph.stack(at).pointer;
    if (!pointer) return unknown("the stack is not followed");
    const std::int64_t pushed = call ? graph.machine().return_address_size : 0;
    return tracer_.before(caller.node, at, Where{Where::Kind::stack, *pointer - pushed + wanted.place, wanted.width});
  }
  Values out;
  for (const Value& v : tracer_.before(caller.node, at, Where{Where::Kind::reg, wanted.place, 8})) {
    if (v.kind == K::frame)
      out.merge(tracer_.before(caller.node, at, Where{Where::Kind::stack, v.place + wanted.detail, wanted.width}));
    else if (v.kind == K::address)
      out.insert({K::global, v.node, v.place + wanted.detail, 0, wanted.width, ""});
    else if (v.kind == K::parameter)
      out.insert({K::member, v.node, v.place, wanted.detail, wanted.width, ""});
    else if (v.kind == K::global)
      out.insert({K::global_member, v.node, v.place, wanted.detail, wanted.width, ""});
    else
      out.merge(unknown("read through a pointer"));
  }
  return out;
}

void Numbers::from_callers(const Item& item, std::vector<Item>& work, Findings& out) {
  out.through.push_back(item.value.node);
  const Callers& all = callers(item.value.node);
  if (!all.unknown.empty()) {
    if (own_numbers_ && !all.holders.empty() && item.value.kind == K::parameter) {
      out.assumed = true;
      for (const std::uint32_t m : all.holders) by_indirect_calls(m, item, work);
    } else {
      out.unknown.push_back(all.unknown);
    }
  }
  for (const Caller& caller : all.all)
    for (const Value& v : at_caller(caller, item.value)) work.push_back({v, caller.node, caller.from, item.assumed});
}

void Numbers::by_indirect_calls(std::uint32_t m, const Item& item, std::vector<Item>& work) {
  const Module& module = link_.module(m);
  for (std::uint32_t f = 0; f < module.functions.size(); ++f) {
    const Node n{m, f};
    if (!reach_.contains(n)) continue;
    const Graph& graph = tracer_.graph(n);
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      if (graph.flow(i) != Flow::indirect_call && !is_any_indirect_jump(graph.flow(i))) continue;
      if (const auto place = graph.slot(i); place && module.slot_at(*place) != nullptr) continue;
      for (const Value& v : tracer_.before(n, i, Where{Where::Kind::reg, item.value.place, 8}))
        if (v.kind == K::constant) work.push_back({v, n, graph.address(i), true});
    }
  }
}

bool Numbers::named_elsewhere(std::uint32_t module, std::string_view name) const {
  for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
    const auto& symbols = link_.module(m).file.dynamic_symbols;
    if (m != module &&
        std::any_of(symbols.begin(), symbols.end(), [&](const elf::Symbol& s) { return s.name == name; }))
      return true;
  }
  return false;
}

// A variable of the module's own that is only ever written by name: the union of all that is stored, and what the
// file holds.
void Numbers::from_global(const Item& item, std::vector<Item>& work, Findings& out) {
  out.stored = true;
  const std::uint32_t m = item.value.node.module;
  const Module& module = link_.module(m);
  const auto place = static_cast<Address>(item.value.place);
  const std::uint64_t width = item.value.kind == K::global ? item.value.width : 8;
  const auto give_up = [&](const char* why) {
    out.unknown.push_back(fmt::format("{} ({})", why, module.describe(place)));
  };
  const auto meets = [&](Address a, std::uint64_t size) { return a < place + width && place < a + size; };
  for (const elf::Symbol& s : module.file.dynamic_symbols)
    if (s.defined && !s.local && s.kind == elf::SymbolKind::object &&
        meets(s.value, std::max<std::uint64_t>(s.size, 1)) && named_elsewhere(m, s.name))
      return give_up("a variable that other modules name");
  for (const elf::Relocation& r : module.file.relocations)
    if (meets(r.place, 8) || static_cast<Address>(r.addend) == place)
      return give_up("a variable with an address in it");
  if (item.value.kind == K::global) {
    std::uint32_t initial = 0;
    module.file.read(place, initial);
    work.push_back({{K::constant, item.value.node, initial, 0, 4, ""}, item.at, item.from});
  }
  // Does the instruction name these bytes of the variable? What the sweep takes to be named may be so on another way
  // only.
  const auto names = [&](Node n, std::uint32_t at, std::uint64_t size) {
    const Graph& graph = tracer_.graph(n);
    const auto base = graph.base(at);
    if (!base) return true;
    const Values all = tracer_.before(n, at, Where{Where::Kind::reg, *base, 8});
    return std::any_of(all.begin(), all.end(), [&](const Value& v) {
      return Tracer::is_cut_short(v) ||
             (v.kind == K::address && meets(static_cast<Address>(v.place) + graph.displacement(at), size));
    });
  };
  // An instruction that reads or writes at `to`. False: given up.
  const auto access = [&](Node n, std::uint32_t at, Address to) {
    const Graph& graph = tracer_.graph(n);
    const auto store = graph.store(at);
    if (!store || !meets(to, store->size)) return true;
    if (!names(n, at, store->size)) return true;
    const auto stop = [&](const char* why) { return give_up(why), false; };
    if (store->from == Store::From::other) return stop("a variable that is computed");
    if (to != place || store->size < width) return stop("a variable written in parts");
    if (store->from == Store::From::constant) {
      if (item.value.kind == K::global_member && store->value == 0) return true;
      if (item.value.kind == K::global_member) return stop("a variable written in parts");
      work.push_back({{K::constant, n, store->value, 0, 4, ""}, n, graph.address(at)});
      return true;
    }
    for (Value v : tracer_.before(n, at, Where{Where::Kind::reg, store->value, 8})) {
      if (item.value.kind == K::global_member) {
        if (v.kind == K::parameter)
          v = {K::member, v.node, v.place, item.value.detail, item.value.width, ""};
        else if (v.kind == K::address)
          v = {K::global, v.node, v.place + item.value.detail, 0, item.value.width, ""};
        else if (v.kind == K::constant && v.place == 0)
          continue;  // a null pointer is not followed
        else
          return stop("a pointer that is not followed");
      }
      work.push_back({v, n, graph.address(at)});
    }
    return true;
  };
  for (std::uint32_t i = 0; i < module.functions.size(); ++i) {
    const Node n{m, i};
    if (!reach_.contains(n)) continue;
    for (const Ref& r : module.refs_of(module.functions[i])) {
      const bool address = r.kind == RefKind::address && meets(r.to, 1);
      if ((!address && (r.kind != RefKind::memory || !meets(r.to, 64))) || !reach_.runs(n, r.from)) continue;
      const Graph& graph = tracer_.graph(n);
      const auto at = graph.index_of(r.from);
      if (!at) return give_up(address ? "a variable whose address is taken" : "data stands among the code");
      if (!address) {
        if (!access(n, *at, r.to)) return;
        continue;
      }
      if (!names(n, *at, 1)) continue;
      const auto reg = graph.pointer_to(*at);
      const auto uses = reg ? graph.uses_as_base(*at, *reg) : std::nullopt;
      if (!uses) return give_up("a variable whose address is taken");
      for (const std::uint32_t use : *uses)
        if (!access(n, use, r.to + graph.displacement(use))) return;
    }
  }
}

const Numbers::Callers& Numbers::callers(Node n) {
  const auto [at, fresh] = callers_.try_emplace({n.module, n.function});
  Callers& out = at->second;
  if (!fresh) return out;
  direct_callers(n, out);
  callers_by_symbol(n, out);
  const Cause& cause = reach_.cause(n);
  const auto name = [&] { return link_.module(n.module).describe(link_.function(n).code.begin); };
  named_by_relocations(n, out);
  if (cause.root == RootKind::relocation) out.holders.insert(n.module);
  if (!out.holders.empty() && out.unknown.empty()) out.unknown = fmt::format("a pointer in data leads to {}", name());
  if (cause.root == RootKind::by_name || cause.root == RootKind::opened || cause.root == RootKind::start ||
      cause.root == RootKind::entry || cause.root == RootKind::exception) {
    out.unknown = fmt::format("{} is called from outside", name());
    out.holders.clear();
  }
  return out;
}

void Numbers::direct_callers(Node n, Callers& out) {
  const Module& module = link_.module(n.module);
  const Range own = link_.function(n).code;
  for (std::uint32_t i = 0; i < module.functions.size(); ++i) {
    const Node by{n.module, i};
    if (!reach_.contains(by)) continue;
    for (const Ref& r : module.refs_of(module.functions[i])) {
      if (!own.contains(r.to) || !reach_.runs(by, r.from)) continue;
      switch (r.kind) {
        case RefKind::call:
        case RefKind::jump:
        case RefKind::table:
          if (r.to == own.begin)
            out.all.push_back({by, r.from});
          else if (r.kind == RefKind::call)
            out.unknown = "called into its middle";
          break;
        case RefKind::fall:
          out.all.push_back({by, r.from, true});
          break;
        case RefKind::after_call:
          if (link_.call_returns(by, r.from)) out.all.push_back({by, r.from, true});
          break;
        case RefKind::address:
          // One in its middle is no call; what it brings there is unknown to the tracer, too.
          if (by == n || r.to != own.begin || through_register(by, r.from, out)) break;
          out.unknown = fmt::format("{} is called through a pointer", module.describe(own.begin));
          out.holders.insert(by.module);
          break;
        default:
          break;
      }
    }
  }
}

// The function's address is put into a register: if it is only called through it there, those are its callers.
bool Numbers::through_register(Node by, Address from, Callers& out) {
  const Graph& graph = tracer_.graph(by);
  const auto at = graph.index_of(from);
  if (!at) return false;
  const auto reg = graph.pointer_to(*at);
  if (!reg) return false;
  const auto uses = graph.uses_as_target(*at, *reg);
  if (!uses) return false;
  for (const std::uint32_t use : *uses) out.all.push_back({by, graph.address(use)});
  return true;
}

void Numbers::callers_by_symbol(Node n, Callers& out) {
  for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
    const Module& module = link_.module(m);
    std::vector<Address> places;
    for (const Slot& slot : module.slots)
      for (const Place& p : link_.definitions(m, slot.symbol))
        if (p.module == n.module && link_.node_at(p) == n) places.push_back(slot.place);
    if (places.empty()) continue;
    for (std::uint32_t i = 0; i < module.functions.size(); ++i) {
      const Node by{m, i};
      if (!reach_.contains(by)) continue;
      for (const Ref& r : module.refs_of(module.functions[i])) {
        const bool slot = r.kind == RefKind::call_slot || r.kind == RefKind::jump_slot || r.kind == RefKind::memory ||
                          r.kind == RefKind::address;
        if (!slot || !std::binary_search(places.begin(), places.end(), r.to) || !reach_.runs(by, r.from)) continue;
        if (r.kind == RefKind::call_slot || r.kind == RefKind::jump_slot)
          out.all.push_back({by, r.from});
        else if (!through_register(by, r.from, out))
          out.holders.insert(m),
              out.unknown = fmt::format("{} is called through a pointer",
                                        link_.module(n.module).describe(link_.function(n).code.begin));
      }
    }
  }
}

void Numbers::named_by_relocations(Node n, Callers& out) const {
  const Range own = link_.function(n).code;
  for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
    const elf::File& file = link_.module(m).file;
    for (const elf::Relocation& r : file.relocations) {
      if (m == n.module && (r.type == elf::kRelative || r.type == elf::kIRelative) &&
          own.contains(static_cast<Address>(r.addend)))
        out.holders.insert(m);
      if (r.type == elf::kAbs64 && r.symbol != 0)
        for (const Place& p : link_.definitions(m, r.symbol))
          if (p.module == n.module && own.contains(p.address + static_cast<Address>(r.addend))) out.holders.insert(m);
    }
  }
  for (const Address a : link_.module(n.module).pointers)
    if (own.contains(a)) out.holders.insert(n.module);
}

}  // namespace callgate::scan
