// A module's parts in order: code areas, slots, functions with unwind entries, the rest, jump tables, plain pointers.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "scan/sweep_arm64.h"
#include "scan/sweep_x86.h"

namespace callgate::scan {

namespace {

// Pieces of code without unwind entries are cut again while new entries turn up. Real files need fewer than ten rounds.
constexpr int kMaxRounds = 100;

bool is_place_of_code(const elf::Symbol& s) {
  return s.defined && !s.absolute && s.kind != elf::SymbolKind::tls && s.kind != elf::SymbolKind::object;
}

}  // namespace

base::Result<std::shared_ptr<Module>> Module::read(std::string path, Content bytes) {
  std::shared_ptr<Module> module(new Module);
  module->path = std::move(path);
  module->bytes = std::move(bytes);
  const elf::Bytes view(reinterpret_cast<const std::uint8_t*>(module->bytes.data()), module->bytes.size());
  CALLGATE_TRY(module->file, elf::File::parse(view));
  module->machine = find_machine(module->file.machine);
  if (module->machine == nullptr)
    return base::fail(base::ErrorCode::unsupported, "the program is for another machine than x86-64 and aarch64");
  Sweep::of(*module)->outline();
  return module;
}

void Module::analyse() {
  Sweep::of(*this)->run();
}

base::Result<std::shared_ptr<const Module>> Module::make(std::string path, Content bytes) {
  CALLGATE_TRY(std::shared_ptr<Module> module, read(std::move(path), std::move(bytes)));
  module->analyse();
  return std::shared_ptr<const Module>(std::move(module));
}

std::unique_ptr<Sweep> Sweep::of(Module& module) {
  if (module.machine->arch == arch::Arch::aarch64) return std::make_unique<Arm64Sweep>(module);
  return std::make_unique<X86Sweep>(module);
}

void Sweep::outline() {
  find_code();
  find_slots();
}

void Sweep::run() {
  find_go();
  framed_functions();
  unframed_functions();
  sort_functions();
  std::sort(m_.data_refs.begin(), m_.data_refs.end());
  m_.data_refs.erase(std::unique(m_.data_refs.begin(), m_.data_refs.end()), m_.data_refs.end());
  tables();
  if (m_.file.position_dependent) constant_pointers();
}

// Executable sections where sections are stated, else whole executable segments.
void Sweep::find_code() {
  for (const elf::Section& s : m_.file.sections)
    if (s.executable && !s.memory.empty() && m_.file.is_code(s.memory.begin)) m_.code.push_back(s.memory);
  if (m_.code.empty())
    for (const elf::Segment& s : m_.file.segments)
      if (s.executable) m_.code.push_back({s.memory.begin, s.memory.begin + s.file_size});
  std::sort(m_.code.begin(), m_.code.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Range> disjoint;
  for (Range r : m_.code) {
    if (!disjoint.empty()) r.begin = std::max(r.begin, disjoint.back().end);
    const elf::Bytes there = m_.file.at(r.begin);
    r.end = std::min<Address>(r.end, r.begin + there.size());
    if (!r.empty()) disjoint.push_back(r);
  }
  m_.code = std::move(disjoint);
}

void Sweep::find_slots() {
  for (const elf::Relocation& r : m_.file.relocations)
    if ((r.type == elf::kGlobDat || r.type == elf::kJumpSlot || r.type == elf::kAbs64) && r.symbol != 0)
      m_.slots.push_back({r.place, r.symbol});
  std::stable_sort(m_.slots.begin(), m_.slots.end(), [](const Slot& a, const Slot& b) { return a.place < b.place; });
}

// Go's type tables hold 32-bit distances to code, which nothing here follows.
void Sweep::find_go() {
  for (const elf::Section& s : m_.file.sections)
    m_.all_code_counts = m_.all_code_counts || s.name == ".gopclntab" || s.name == ".go.buildinfo";
  constexpr std::string_view kMagic = "\xff Go buildinf:";
  for (const elf::Segment& s : m_.file.segments) {
    if (!s.writable || m_.all_code_counts) continue;
    const elf::Bytes b = m_.file.at(s.memory.begin);
    for (std::size_t at = 0; at + kMagic.size() <= b.size() && !m_.all_code_counts; at += 16)
      m_.all_code_counts = std::memcmp(b.data() + at, kMagic.data(), kMagic.size()) == 0;
  }
}

void Sweep::add(Address from, Address to, RefKind kind) {
  if (kind == RefKind::call || kind == RefKind::jump || kind == RefKind::address || kind == RefKind::table) {
    if (const Slot* const slot = m_.is_code(to) ? stub(to) : nullptr) {
      to = slot->place;
      kind = kind == RefKind::call      ? RefKind::call_slot
             : kind == RefKind::address ? RefKind::memory
                                        : RefKind::jump_slot;
    }
  }
  if ((kind == RefKind::address && !m_.is_code(to)) || kind == RefKind::memory) m_.data_refs.push_back(to);
  m_.refs.push_back({from, to, kind});
}

void Sweep::branch_to(Address target) {
  std::uint8_t& mark = marks_[target - f_.code.begin];
  if ((mark & kBranch) == 0) branches_.push_back(target);
  mark |= kBranch;
}

void Sweep::follow_branches(Range range) {
  for (; next_branch_ < branches_.size(); ++next_branch_) {
    const Address a = branches_[next_branch_];
    if ((marks_[a - range.begin] & kBoundary) == 0) straight(range, a, true);
  }
}

void Sweep::sweep(Range range, bool framed) {
  f_ = Function{};
  f_.code = range;
  f_.framed = framed;
  f_.refs_begin = static_cast<std::uint32_t>(m_.refs.size());
  f_.sites_begin = static_cast<std::uint32_t>(m_.sites.size());
  marks_.assign(range.end - range.begin, 0);
  branches_.clear();
  next_branch_ = 0;
  lost_ = false;
  begin();
  straight(range, range.begin, false);
  follow_branches(range);
  if (f_.indirect_jump && lost_) own_labels(range);
  finish(range);
  f_.refs_end = static_cast<std::uint32_t>(m_.refs.size());
  f_.sites_end = static_cast<std::uint32_t>(m_.sites.size());
  m_.functions.push_back(f_);
}

void Sweep::framed_functions() {
  std::vector<Range> framed;
  std::vector<bool> handlers;
  for (const elf::Frame& frame : m_.file.frames) {
    if (frame.signal) continue;  // its first byte is none of its own; who names its beginning says where that is
    Range r = frame.code;
    if (!framed.empty()) r.begin = std::max(r.begin, framed.back().end);
    const auto area = std::find_if(m_.code.begin(), m_.code.end(), [&](const Range& c) { return c.contains(r.begin); });
    if (area == m_.code.end()) continue;
    r.end = std::min(r.end, area->end);
    if (r.empty()) continue;
    framed.push_back(r);
    handlers.push_back(frame.handlers);
  }
  for (const Range& area : m_.code) {
    Address at = area.begin;
    auto r = std::lower_bound(framed.begin(), framed.end(), at, [](const Range& x, Address a) { return x.begin < a; });
    for (; r != framed.end() && r->begin < area.end; ++r) {
      if (r->begin > at) gaps_.push_back({at, r->begin});
      at = r->end;
    }
    if (at < area.end) gaps_.push_back({at, area.end});
  }
  m_.functions.reserve(framed.size() + framed.size() / 8);
  for (std::size_t i = 0; i < framed.size(); ++i) {
    sweep(framed[i], true);
    m_.functions.back().handlers = handlers[i];
  }
}

void Sweep::entry(Address a) {
  if (a % m_.machine->code_alignment != 0) return;
  const auto after =
      std::upper_bound(gaps_.begin(), gaps_.end(), a, [](Address x, const Range& r) { return x < r.begin; });
  if (after == gaps_.begin() || !(after - 1)->contains(a)) return;
  if (known_.insert(a).second) entries_.push_back(a);
}

void Sweep::find_entries() {
  for (const Range& gap : gaps_) entry(gap.begin);
  for (const Range& area : m_.code) entry(area.begin);
  for (const auto* table : {&m_.file.symbols, &m_.file.dynamic_symbols})
    for (const elf::Symbol& s : *table)
      if (is_place_of_code(s)) entry(s.value);
  for (const elf::Relocation& r : m_.file.relocations) {
    entry(static_cast<Address>(r.addend));
    if (r.symbol != 0) entry(m_.file.dynamic_symbols[r.symbol].value + static_cast<Address>(r.addend));
  }
  entry(m_.file.entry);
  entry(m_.file.dynamic.init);
  entry(m_.file.dynamic.fini);
  for (const Address a : m_.file.personalities) entry(a);
  for (const Ref& r : m_.refs)
    if (r.kind != RefKind::memory) entry(r.to);
}

// What runs on into bytes that are no instructions is none itself.
void Sweep::spread_nonsense(std::vector<Piece>& pieces) {
  for (Piece& each : pieces) each.function.undecodable = each.nonsense;
  for (std::size_t i = pieces.size(); i-- > 1;) {
    Piece& before = pieces[i - 1];
    if (pieces[i].function.undecodable && !before.refs.empty() && before.refs.back().kind == RefKind::fall &&
        before.refs.back().to == pieces[i].function.code.begin)
      before.function.undecodable = true;
  }
}

Sweep::Piece Sweep::piece(Range range) {
  const std::size_t refs = m_.refs.size(), sites = m_.sites.size(), data_refs = m_.data_refs.size();
  sweep(range, false);
  const auto tail = [](auto& from, std::size_t begin) {
    std::remove_reference_t<decltype(from)> out(from.begin() + static_cast<std::ptrdiff_t>(begin), from.end());
    from.resize(begin);
    return out;
  };
  Piece out{m_.functions.back(), m_.functions.back().undecodable, false,
            tail(m_.refs, refs), tail(m_.sites, sites),           tail(m_.data_refs, data_refs)};
  m_.functions.pop_back();
  return out;
}

void Sweep::keep(const Piece& piece) {
  Function f = piece.function;
  f.refs_begin = static_cast<std::uint32_t>(m_.refs.size());
  f.sites_begin = static_cast<std::uint32_t>(m_.sites.size());
  m_.refs.insert(m_.refs.end(), piece.refs.begin(), piece.refs.end());
  m_.sites.insert(m_.sites.end(), piece.sites.begin(), piece.sites.end());
  m_.data_refs.insert(m_.data_refs.end(), piece.data_refs.begin(), piece.data_refs.end());
  f.refs_end = static_cast<std::uint32_t>(m_.refs.size());
  f.sites_end = static_cast<std::uint32_t>(m_.sites.size());
  m_.functions.push_back(f);
}

// Again and again, as long as the pieces name further places at which pieces begin; those that stay are not done anew.
void Sweep::unframed_functions() {
  if (gaps_.empty()) return;
  find_entries();
  if (m_.file.position_dependent) {
    constant_pointers();
    for (const Address a : m_.pointers) entry(a);
  }
  std::vector<Piece> pieces;
  std::size_t before = 0;
  for (int round = 0; round < kMaxRounds && entries_.size() != before; ++round) {
    const auto added = entries_.begin() + static_cast<std::ptrdiff_t>(before);
    std::sort(added, entries_.end());
    std::inplace_merge(entries_.begin(), added, entries_.end());
    before = entries_.size();
    std::vector<Piece> now;
    now.reserve(before);
    std::size_t gap = 0, old = 0;
    for (std::size_t i = 0; i < before; ++i) {
      while (!gaps_[gap].contains(entries_[i])) ++gap;
      const Range range{entries_[i], i + 1 < before ? std::min(entries_[i + 1], gaps_[gap].end) : gaps_[gap].end};
      while (old < pieces.size() && pieces[old].function.code.begin < range.begin) ++old;
      const bool same = old < pieces.size() && pieces[old].function.code == range;
      now.push_back(same ? std::move(pieces[old]) : piece(range));
    }
    pieces = std::move(now);
    spread_nonsense(pieces);
    for (Piece& each : pieces) {
      if (each.followed || each.function.undecodable) continue;
      each.followed = true;
      for (const Ref& r : each.refs)
        if (r.kind != RefKind::memory && r.kind != RefKind::fall) entry(r.to);
    }
  }
  if (entries_.size() != before) m_.sweep_defects.emplace_back("code without unwind entries is cut up too finely");
  for (const Piece& each : pieces) keep(each);
}

void Sweep::sort_functions() {
  std::sort(m_.functions.begin(), m_.functions.end(),
            [](const Function& a, const Function& b) { return a.code.begin < b.code.begin; });
}

Address table_limit(const Module& module, Address a) {
  const auto next = std::upper_bound(module.data_refs.begin(), module.data_refs.end(), a);
  return next == module.data_refs.end() ? ~Address{0} : *next;
}

std::vector<Address> table_targets(const Module& module, Address table, Address limit, bool absolute) {
  std::vector<Address> out;
  const elf::Segment* const segment = module.file.segment_of(table);
  if (segment == nullptr || module.is_code(table)) return out;
  const std::size_t width = absolute ? 8 : 4;
  elf::Bytes b = module.file.at(table);
  if (limit > table) b = b.first(std::min<std::uint64_t>(b.size(), limit - table));
  for (std::size_t at = 0; at + width <= b.size(); at += width) {
    std::int32_t distance = 0;
    Address target = 0;
    if (absolute)
      std::memcpy(&target, b.data() + at, 8);
    else
      std::memcpy(&distance, b.data() + at, 4), target = table + static_cast<Address>(std::int64_t{distance});
    if (!module.is_code(target)) break;
    out.push_back(target);
  }
  return out;
}

// A jump through a register is a switch if its function names a table of distances to code; else it ends the function
// (a tail call through a pointer).
void Sweep::tables() {
  std::vector<Ref> refs;
  refs.reserve(m_.refs.size() + 64);
  for (Function& f : m_.functions) {
    const auto own = m_.refs_of(f);
    const std::size_t begin = refs.size();
    refs.insert(refs.end(), own.begin(), own.end());
    if (f.indirect_jump) {
      f.returns = true;
      table_targets_of(f, refs);
    }
    f.refs_begin = static_cast<std::uint32_t>(begin);
    f.refs_end = static_cast<std::uint32_t>(refs.size());
  }
  m_.refs = std::move(refs);
}

// Where addresses are final, a pointer to code is a plain number in data. Anywhere if it is a function's beginning
// (packed structures), at multiples of 8 otherwise.
void Sweep::constant_pointers() {
  m_.pointers.clear();
  if (m_.code.empty()) return;
  for (const elf::Segment& s : m_.file.segments) {
    const elf::Bytes b = m_.file.at(s.memory.begin);
    for (std::size_t at = 0; at + 8 <= b.size(); ++at) {
      const Address here = s.memory.begin + at;
      if (m_.is_code(here)) {
        const auto after = std::upper_bound(m_.code.begin(), m_.code.end(), here,
                                            [](Address x, const Range& r) { return x < r.begin; });
        at = (after - 1)->end - s.memory.begin - 1;
        continue;
      }
      Address value = 0;
      std::memcpy(&value, b.data() + at, 8);
      if (value == 0) {
        // Gibibytes of zeros are no reason to wait.
        std::size_t next = at + 8;
        for (; next + 8 <= b.size(); next += 8)
          if (std::memcmp(b.data() + next, &value, 8) != 0) break;
        at = next - 8;
        continue;
      }
      if (value < m_.code.front().begin || value % m_.machine->code_alignment != 0 || !m_.is_code(value)) continue;
      const auto& metadata = m_.file.metadata;
      if (std::any_of(metadata.begin(), metadata.end(), [&](const Range& r) { return r.contains(here); })) continue;
      const Function* const f = m_.function_at(value);
      if (here % 8 == 0 || (f != nullptr && f->code.begin == value)) m_.pointers.push_back(value);
    }
  }
  std::sort(m_.pointers.begin(), m_.pointers.end());
  m_.pointers.erase(std::unique(m_.pointers.begin(), m_.pointers.end()), m_.pointers.end());
}

}  // namespace callgate::scan
