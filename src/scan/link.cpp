// SPDX-License-Identifier: Apache-2.0
#include "scan/link.h"

#include <algorithm>

namespace callgate::scan {

namespace {

// These never come back to their caller, by what the ABI and C say of them, although their code ends in a jump to
// wherever they go: into an exception's handler, or behind a setjmp.
constexpr std::array<std::string_view, 9> kNeverReturn{"_Unwind_Resume", "__cxa_throw",    "__cxa_rethrow",
                                                       "longjmp",        "_longjmp",       "siglongjmp",
                                                       "__longjmp_chk",  "__libc_longjmp", "__libc_siglongjmp"};

bool is_callable(const elf::Symbol& s) {
  return s.kind == elf::SymbolKind::function || s.kind == elf::SymbolKind::ifunc || s.kind == elf::SymbolKind::none;
}

}  // namespace

Link::Link(const Program& program) : program_(program) {
  std::size_t count = 0;
  for (const auto& m : program_.modules) count += m->file.dynamic_symbols.size();
  by_name_.reserve(count);
  for (std::uint32_t m = 0; m < program_.modules.size(); ++m) {
    const auto& symbols = module(m).file.dynamic_symbols;
    for (std::uint32_t i = 1; i < symbols.size(); ++i)
      if (symbols[i].defined && !symbols[i].local && !symbols[i].name.empty())
        by_name_[symbols[i].name].push_back({m, i});
  }
  bind_slots();
  find_returns();
}

void Link::bind_slots() {
  slot_code_.resize(module_count());
  for (std::uint32_t m = 0; m < module_count(); ++m) {
    slot_code_[m].reserve(module(m).slots.size());
    for (const Slot& slot : module(m).slots) {
      auto& places = slot_code_[m].emplace_back(definitions(m, slot.symbol));
      std::erase_if(places, [&](const Place& p) { return !module(p.module).is_code(p.address); });
    }
  }
}

std::vector<Place> Link::definitions(std::uint32_t m, std::uint32_t index) const {
  const elf::Symbol& wanted = module(m).file.dynamic_symbols[index];
  if (wanted.defined && (wanted.local || wanted.name.empty())) return {{m, wanted.value}};
  const auto found = by_name_.find(wanted.name);
  if (found == by_name_.end()) return {};
  const auto& all = found->second;
  std::vector<Place> out;
  const auto in_module = [&](std::uint32_t which) {
    for (const Definition& d : all) {
      if (d.module != which) continue;
      const elf::Symbol& s = module(which).file.dynamic_symbols[d.symbol];
      if (!wanted.version.empty() && !s.version.empty() && s.version != wanted.version) continue;
      out.push_back({which, s.value});
    }
    return !out.empty();
  };
  if (module(m).file.dynamic.symbolic && in_module(m)) return out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if ((i == 0 || all[i].module != all[i - 1].module) && in_module(all[i].module)) break;
  return out;
}

std::vector<Place> Link::named(std::string_view name) const {
  std::vector<Place> out;
  if (const auto found = by_name_.find(name); found != by_name_.end())
    for (const Definition& d : found->second) {
      const elf::Symbol& s = module(d.module).file.dynamic_symbols[d.symbol];
      if (is_callable(s)) out.push_back({d.module, s.value});
    }
  return out;
}

std::vector<Place> Link::named_data(std::string_view name) const {
  std::vector<Place> out;
  if (const auto found = by_name_.find(name); found != by_name_.end())
    for (const Definition& d : found->second) {
      const elf::Symbol& s = module(d.module).file.dynamic_symbols[d.symbol];
      if (s.kind == elf::SymbolKind::object) out.push_back({d.module, s.value});
    }
  return out;
}

std::vector<Place> Link::targets(std::uint32_t m, const Ref& ref) const {
  switch (ref.kind) {
    case RefKind::call:
    case RefKind::jump:
    case RefKind::table:
    case RefKind::fall:
    case RefKind::after_call:
      return {{m, ref.to}};
    case RefKind::address:
      if (module(m).is_code(ref.to)) return {{m, ref.to}};
      [[fallthrough]];
    case RefKind::memory:
    case RefKind::call_slot:
    case RefKind::jump_slot:
      if (const Slot* const slot = module(m).slot_at(ref.to))
        return slot_code_[m][static_cast<std::size_t>(slot - module(m).slots.data())];
  }
  return {};
}

std::optional<Node> Link::node_at(Place place) const {
  const Function* const f = module(place.module).function_at(place.address);
  if (f == nullptr) return std::nullopt;
  return Node{place.module, module(place.module).id_of(*f)};
}

bool Link::call_returns(Node caller, Address from) const {
  const Module& m = module(caller.module);
  for (const Ref& r : m.refs_of(function(caller))) {
    if (r.from != from || (r.kind != RefKind::call && r.kind != RefKind::call_slot)) continue;
    const auto places = targets(caller.module, r);
    // An undefined symbol, or a pointer: nothing is known of it.
    if (places.empty()) return true;
    return std::any_of(places.begin(), places.end(), [&](const Place& p) {
      const auto n = node_at(p);
      return !n || returns(*n);
    });
  }
  return true;
}

bool Link::leads_to_return(Node n) const {
  for (const Ref& r : module(n.module).refs_of(function(n))) {
    if (r.kind == RefKind::after_call && !call_returns(n, r.from)) continue;
    if (r.kind != RefKind::jump && r.kind != RefKind::table && r.kind != RefKind::jump_slot &&
        r.kind != RefKind::fall && r.kind != RefKind::after_call)
      continue;
    const auto places = targets(n.module, r);
    if (places.empty()) return true;
    for (const Place& p : places)
      if (const auto next = node_at(p); !next || returns(*next)) return true;
  }
  return false;
}

// The least set: a function returns if a return stands in it, or what it jumps to, or runs on into, returns.
void Link::find_returns() {
  std::vector<Node> open;
  returns_.resize(module_count());
  for (std::uint32_t m = 0; m < module_count(); ++m) {
    const auto& functions = module(m).functions;
    returns_[m].resize(functions.size());
    for (std::uint32_t i = 0; i < functions.size(); ++i) {
      returns_[m][i] = functions[i].returns;
      if (!functions[i].returns) open.push_back({m, i});
    }
  }
  std::vector<Node> never;
  for (const std::string_view name : kNeverReturn)
    for (const Place& p : named(name))
      if (const auto n = node_at(p)) never.push_back(*n), returns_[n->module][n->function] = false;
  std::erase_if(open, [&](Node n) { return std::find(never.begin(), never.end(), n) != never.end(); });
  for (bool changed = true; changed;) {
    changed = false;
    std::erase_if(open, [&](Node n) {
      if (!leads_to_return(n)) return false;
      return returns_[n.module][n.function] = true, changed = true;
    });
  }
}

}  // namespace callgate::scan
