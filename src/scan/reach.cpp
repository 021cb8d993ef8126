// SPDX-License-Identifier: Apache-2.0
#include "scan/reach.h"

#include <algorithm>
#include <cstring>

#include "scan/prune.h"

namespace callgate::scan {

bool Reach::runs(Node n, Address at) const {
  return dead_ == nullptr || !dead_->contains(n.module, at);
}

Reach::Reach(const Link& link, Library* apart, const Dead* dead)
    : link_(link),
      reached_(link.module_count()),
      causes_(link.module_count()),
      apart_(apart),
      dead_(dead),
      touched_(link.module_count()),
      chunks_(link.module_count()) {
  for (std::uint32_t m = 0; m < link.module_count(); ++m) {
    reached_[m].resize(link.module(m).functions.size());
    causes_[m].resize(link.module(m).functions.size());
  }
}

void Reach::add(Place place, const Cause& cause) {
  const auto n = link_.node_at(place);
  if (n && watched_ != nullptr && cause.root != RootKind::resumed && watched_->contains({n->module, n->function}))
    entrances_.insert({*n, place.address, cause.root});
  if (!n || reached_[n->module][n->function] || (past_ != nullptr && is_entry(place))) return;
  if (is_constants(*n, cause)) return;
  reached_[n->module][n->function] = true;
  causes_[n->module][n->function] = cause;
  order_.push_back(*n);
}

// Where the kernel enters is no function: nobody calls it, although C libraries look at its address.
bool Reach::is_entry(Place place) const {
  const Program& program = link_.program();
  return (place.module == 0 || program.loader == place.module) &&
         place.address == link_.module(place.module).file.entry;
}

// Constants among hand-written code look like this: their address is formed, and they are no instructions. What such
// bytes seem to jump to is none, either.
bool Reach::is_constants(Node n, const Cause& cause) const {
  const Function& f = link_.function(n);
  if (f.framed || !f.undecodable) return false;
  for (Cause c = cause;; c = this->cause(c.parent)) {
    // Nothing speaks for it but that it stands among code, or that a number in data could be its address.
    if (c.root == RootKind::runtime ||
        (c.root == RootKind::relocation && link_.module(n.module).file.position_dependent))
      return true;
    if (c.root != RootKind::none && c.root != RootKind::held) return false;
    if (c.kind == RefKind::address) return true;
    if (c.root == RootKind::held) return false;
    if (c.kind != RefKind::jump && c.kind != RefKind::fall && c.kind != RefKind::table) return false;
    if (link_.function(c.parent).framed) return false;
  }
}

void Reach::run() {
  const Program& program = link_.program();
  const auto enter = [&](std::uint32_t m) {
    add({m, link_.module(m).file.entry}, {RootKind::entry, {}, link_.module(m).file.entry, RefKind::call});
  };
  enter(0);
  if (program.loader) enter(static_cast<std::uint32_t>(*program.loader));
  for (std::uint32_t m = 0; m < link_.module_count(); ++m) module_roots(m);
  follow();
}

void Reach::follow() {
  while (next_ < order_.size() || !touched_next_.empty()) {
    while (next_ < order_.size()) visit(order_[next_++]);
    if (touched_next_.empty()) continue;
    const auto [m, chunk] = touched_next_.back();
    touched_next_.pop_back();
    for (const std::uint32_t i : chunks(m).relocations(chunk))
      relocation(m, link_.module(m).file.relocations[i], false);
  }
}

// What all ways into the functions of a node's code amount to that may be taken at any later time.
void Reach::held(Node n, const Past& past) {
  const Module& module = link_.module(n.module);
  const Range own = link_.function(n).code;
  const bool loader = link_.program().loader == n.module;
  const auto hold = [&](const Ref& r) {
    for (const Place& p : link_.targets(n.module, r)) {
      // A place within the function itself is a label.
      if (p.module == n.module && own.contains(p.address) && p.address != own.begin) continue;
      // What is not reached all the same are constants (is_constants).
      if (const auto to = link_.node_at(p); !to || !past.life.contains(*to)) continue;
      add(p, {RootKind::held, n, r.from, r.kind});
    }
  };
  for (const Ref& r : module.refs_of(link_.function(n))) {
    if (r.kind != RefKind::address && r.kind != RefKind::memory) continue;
    if (!past.life.runs(n, r.from) || past.spent.contains({n.module, r.from})) continue;
    if (loader && r.kind == RefKind::address && !module.is_code(r.to)) names_in_loader(n, r, RootKind::held);
    hold(r);
    if (r.kind == RefKind::address && r.to == module.file.dynamic.offset_table && r.to != 0)
      for (const Slot& slot : module.slots) hold({r.from, slot.place, RefKind::memory});
  }
}

void Reach::resume(const Past& past) {
  past_ = &past;
  for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
    module_roots(m);
    if (apart_ == nullptr || past.life.touched_[m].empty()) continue;
    static_cast<void>(chunks(m));
    for (std::size_t chunk = 0; chunk < touched_[m].size(); ++chunk)
      if (past.life.touched_[m][chunk] && !touched_[m][chunk]) {
        touched_[m][chunk] = true;
        touched_next_.emplace_back(m, chunk);
      }
  }
  for (const Node n : past.life.nodes()) held(n, past);
}

// Is `place` where a pointer to an initialiser stands that has run, or one that nobody will read again?
bool Reach::has_run(std::uint32_t m, Address place) const {
  if (past_ == nullptr) return false;
  if (past_->emptied.contains({m, place})) return true;
  if (m >= past_->started) return false;
  for (const Range& r : initialisers(link_.module(m)))
    if (r.contains(place)) return true;
  return false;
}

std::vector<Range> initialisers(const Module& module) {
  const elf::Dynamic& d = module.file.dynamic;
  std::vector<Range> out{d.init_array, d.preinit_array};
  // A static program has no dynamic section.
  for (const elf::Section& s : module.file.sections)
    if (s.name == ".init_array" || s.name == ".preinit_array") out.push_back(s.memory);
  std::erase_if(out, [](const Range& r) { return r.empty(); });
  return out;
}

void Reach::module_roots(std::uint32_t m) {
  const Module& module = link_.module(m);
  const elf::Dynamic& d = module.file.dynamic;
  const bool started = past_ != nullptr && m < past_->started;
  if (d.init != 0 && !started) add({m, d.init}, {RootKind::start, {}, d.init, RefKind::call});
  if (d.fini != 0) add({m, d.fini}, {RootKind::start, {}, d.fini, RefKind::call});
  for (const Range& array : {d.preinit_array, d.init_array, d.fini_array})
    for (Address at = array.begin; at < array.end && array.end - at >= 8; at += 8) {
      Address a = 0;
      if (!module.file.read(at, a)) break;
      if (module.file.position_dependent && !has_run(m, at)) add({m, a}, {RootKind::start, {}, at, RefKind::call});
    }
  for (const Address a : module.file.personalities) add({m, a}, {RootKind::exception, {}, a, RefKind::call});
  relocations(m);
  plain_pointers(m);
  if (module.all_code_counts)
    for (const Function& f : module.functions)
      add({m, f.code.begin}, {RootKind::runtime, {}, f.code.begin, RefKind::call});
}

// All of them count, or, with objects told apart, those that the loader itself acts on: initialisers, and functions
// that it asks for an address.
void Reach::relocations(std::uint32_t m) {
  const elf::File& file = link_.module(m).file;
  const bool all = apart_ == nullptr || file.position_dependent;
  for (const elf::Relocation& r : file.relocations) relocation(m, r, !all);
  if (all) return;
  if (!file.tls.empty()) touch({m, file.tls.begin});
}

void Reach::relocation(std::uint32_t m, const elf::Relocation& r, bool at_load) {
  if (has_run(m, r.place)) return;
  const elf::Dynamic& d = link_.module(m).file.dynamic;
  const bool start =
      d.init_array.contains(r.place) || d.fini_array.contains(r.place) || d.preinit_array.contains(r.place);
  const Cause cause{start ? RootKind::start : RootKind::relocation, {}, r.place, RefKind::call};
  const auto reach = [&](Place place) {
    if (link_.module(place.module).is_code(place.address))
      add(place, cause);
    else
      touch(place);
  };
  const bool plain = r.type == elf::kRelative || (r.type == elf::kAbs64 && r.symbol == 0);
  if (r.type == elf::kIRelative || (plain && (!at_load || start))) {
    reach({m, static_cast<Address>(r.addend)});
  } else if (r.type == elf::kAbs64 && r.symbol != 0) {
    const bool asked = link_.module(m).file.dynamic_symbols[r.symbol].kind == elf::SymbolKind::ifunc;
    if (!at_load || start || asked)
      for (const Place& p : link_.definitions(m, r.symbol))
        reach({p.module, p.address + static_cast<Address>(r.addend)});
  } else if (r.type == elf::kCopy && !at_load && apart_ != nullptr) {
    // What the program uses is its copy; the pointers are in the library's original.
    for (const Place& p : link_.named_data(link_.module(m).file.dynamic_symbols[r.symbol].name))
      if (p.module != m) touch(p);
  }
}

const Chunks& Reach::chunks(std::uint32_t m) {
  if (chunks_[m] == nullptr) {
    chunks_[m] = &apart_->chunks(link_.module(m));
    touched_[m].resize(chunks_[m]->count());
  }
  return *chunks_[m];
}

void Reach::touch(Place place) {
  const Module& module = link_.module(place.module);
  if (apart_ == nullptr || module.file.position_dependent) return;
  const std::size_t chunk = chunks(place.module).at(place.address);
  if (touched_[place.module][chunk]) return;
  touched_[place.module][chunk] = true;
  touched_next_.emplace_back(place.module, chunk);
}

// Does the number `a` stand in the module's data only where initialisers are named?
bool Reach::only_initialises(const Module& module, Address a) {
  const auto arrays = initialisers(module);
  const bool named = std::any_of(arrays.begin(), arrays.end(), [&](const Range& r) {
    Address value = 0;
    for (Address here = r.begin; here < r.end && module.file.read(here, value); here += 8)
      if (value == a) return true;
    return false;
  });
  if (!named) return false;
  std::string wanted(8, '\0');
  std::memcpy(wanted.data(), &a, 8);
  for (const elf::Segment& s : module.file.segments) {
    const elf::Bytes b = module.file.at(s.memory.begin);
    const std::string_view bytes(reinterpret_cast<const char*>(b.data()), b.size());
    for (auto at = bytes.find(wanted); at != std::string_view::npos; at = bytes.find(wanted, at + 1)) {
      const Address here = s.memory.begin + at;
      const auto within = [&](const Range& r) { return r.contains(here); };
      if (!module.is_code(here) && std::none_of(arrays.begin(), arrays.end(), within) &&
          std::none_of(module.file.metadata.begin(), module.file.metadata.end(), within))
        return false;
    }
  }
  return true;
}

// A pointer into the middle of a function that has an unwind entry is a label of that function (of a switch), and
// leads nowhere that the function itself does not. Unless nothing names the function's beginning: then it is a part
// that the compiler has split off, and only such labels lead to it.
void Reach::plain_pointers(std::uint32_t m) {
  const Module& module = link_.module(m);
  if (module.pointers.empty()) return;
  std::vector<bool> named(module.functions.size());
  for (const Ref& r : module.refs)
    if (const Function* const f = module.function_at(r.to); f != nullptr && f->code.begin == r.to)
      named[module.id_of(*f)] = true;
  for (const Address a : module.pointers) {
    const Function* const f = module.function_at(a);
    if (f == nullptr || (f->framed && a > f->code.begin + 1 && named[module.id_of(*f)])) continue;
    if (past_ != nullptr && m < past_->started && only_initialises(module, a)) continue;
    add({m, a}, {RootKind::relocation, {}, a, RefKind::call});
  }
}

// The loader asks for some functions of libraries by name (malloc, __libc_early_init): any text that its code names
// and that is an exported symbol counts as asked for.
void Reach::names_in_loader(Node n, const Ref& ref, RootKind root) {
  const std::string_view text = link_.module(n.module).file.text_at(ref.to);
  if (text.empty()) return;
  for (const Place& p : link_.named(text)) add(p, {root, n, ref.from, RefKind::address});
}

// Data that code names: directly, or by a symbol that the loader binds.
void Reach::data(std::uint32_t m, const Ref& ref) {
  if (ref.kind != RefKind::address && ref.kind != RefKind::memory && ref.kind != RefKind::call_slot &&
      ref.kind != RefKind::jump_slot)
    return;
  if (link_.module(m).is_code(ref.to)) return;
  const Slot* const slot = link_.module(m).slot_at(ref.to);
  if (slot == nullptr) return touch({m, ref.to});
  for (const Place& p : link_.definitions(m, slot->symbol))
    if (!link_.module(p.module).is_code(p.address)) touch(p);
}

void Reach::visit(Node n) {
  const Module& module = link_.module(n.module);
  const bool loader = link_.program().loader == n.module;
  for (const Ref& r : module.refs_of(link_.function(n))) {
    if (!runs(n, r.from)) continue;
    if (r.kind == RefKind::after_call && !link_.call_returns(n, r.from)) continue;
    if (loader && r.kind == RefKind::address && !module.is_code(r.to)) names_in_loader(n, r);
    for (const Place& p : link_.targets(n.module, r)) add(p, {RootKind::none, n, r.from, r.kind});
    if (apart_ != nullptr) data(n.module, r);
    // Code of the large model takes any pointer of the table by its distance from the table.
    if (r.kind == RefKind::address && r.to == module.file.dynamic.offset_table && r.to != 0)
      for (const Slot& slot : module.slots) {
        const Ref any{r.from, slot.place, RefKind::memory};
        for (const Place& p : link_.targets(n.module, any)) add(p, {RootKind::none, n, r.from, RefKind::memory});
        if (apart_ != nullptr) data(n.module, any);
      }
  }
}

}  // namespace callgate::scan
