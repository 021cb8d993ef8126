// SPDX-License-Identifier: Apache-2.0
#include "scan/sweep_arm64.h"

#include <algorithm>

namespace callgate::scan {

using arm64::A64;
using arm64::Op;

namespace {

bool is_padding(std::uint32_t word) {
  return word >> 16U == 0;  // udf
}

// Words that are loaded as numbers from among the code.
std::vector<bool> literals(const arm64::Code& code, const std::vector<arm64::Named>& named) {
  std::vector<bool> out(code.size());
  for (const arm64::Named& each : named)
    for (std::uint32_t n = 0; each.sure && each.memory && n < code.insn(each.at).size; n += 4)
      if (const auto word = code.index_of(each.address + n)) out[*word] = true;
  for (std::uint32_t i = 0; i < code.size(); ++i) {
    const A64& in = code.insn(i);
    if (in.op != Op::load || in.mode != arm64::Mode::literal) continue;
    for (std::uint32_t n = 0; n < in.size; n += 4)
      if (const auto word = code.index_of(code.target(i) + n)) out[*word] = true;
  }
  return out;
}

}  // namespace

// bti c; adrp x16, slot; ldr x17, [x16, slot]; add x16, x16, slot; autia1716; br x17
const Slot* Arm64Sweep::stub(Address a) const {
  constexpr std::size_t kMost = 6;
  std::optional<Address> page, place;
  std::uint8_t base = 0, loaded = 0;
  for (std::size_t n = 0; n < kMost; ++n) {
    std::uint32_t word = 0;
    if (!m_.file.read(a + n * 4, word)) return nullptr;
    const A64 in = arm64::decode(word);
    const Address here = a + n * 4;
    if (!page) {
      if (in.op == Op::nop) continue;
      if (in.op != Op::page && in.op != Op::address) return nullptr;
      page = (in.op == Op::page ? here & ~Address{0xfff} : here) + static_cast<Address>(in.imm);
      base = in.rd;
    } else if (!place) {
      if (in.op != Op::load || in.mode != arm64::Mode::offset || in.rn != base || in.size != 8 || in.vector || in.pair)
        return nullptr;
      place = *page + static_cast<Address>(in.imm);
      loaded = in.rd;
    } else if (in.flow == Flow::indirect_jump) {
      return in.rn == loaded ? m_.slot_at(*place) : nullptr;
    } else if (in.flow != Flow::next || (in.op != Op::add && in.op != Op::nop && in.op != Op::other)) {
      return nullptr;
    }
  }
  return nullptr;
}

// The whole function at once: words are instructions, or data that is told apart by how it is loaded.
void Arm64Sweep::straight(Range range, Address /*from*/, bool again) {
  if (again) return;
  if (range.begin % 4 != 0) {
    f_.undecodable = true;
    return;
  }
  if (range.end - range.begin > arm64::Code::kMaxBytes) {
    f_.undecodable = true;
    m_.sweep_defects.emplace_back("a function is too large to look into");
    return;
  }
  const arm64::Code code(m_, range);
  const auto [named, complete] = arm64::named_in_pages(m_, code);
  if (!complete) m_.sweep_defects.emplace_back("a function forms addresses in too many ways");
  const std::vector<bool> data = literals(code, named);
  slots_.clear();
  note_pages(code, named);
  bool live = true;
  for (std::uint32_t i = 0; i < code.size(); ++i) {
    live = live || code.is_label(i);
    if (data[i] && !live) continue;
    const A64& in = code.insn(i);
    if (in.op == Op::none || (is_padding(code.word(i)) && !f_.framed)) {
      f_.undecodable = f_.undecodable || live;
      continue;
    }
    note(code, i);
    if (live && in.op != Op::nop) last_ = code.address(i), last_flow_ = in.flow;
    // Behind a jump through a register stand the cases of a switch.
    live = live && (!is_end(in.flow) || (in.flow == Flow::indirect_jump && f_.framed));
  }
}

void Arm64Sweep::note(const arm64::Code& code, std::uint32_t i) {
  const A64& in = code.insn(i);
  const Address at = code.address(i);
  switch (in.flow) {
    case Flow::call:
      return add(at, code.target(i), RefKind::call);
    case Flow::jump:
    case Flow::branch:
      if (!f_.code.contains(code.target(i))) add(at, code.target(i), RefKind::jump);
      return;
    case Flow::returns:
      f_.returns = true;
      return;
    case Flow::indirect_jump:
      return note_jump(code, i);
    default:
      break;
  }
  if (in.op == Op::svc)
    m_.sites.push_back({at, SiteKind::syscall, 0});
  else if (in.op == Op::address && !(f_.code.contains(code.target(i)) && arm64::is_base_of_jump(code, i)))
    add(at, code.target(i), RefKind::address);
  else if (in.op == Op::load && in.mode == arm64::Mode::literal)
    note_literal(at, in, code.target(i));
  else if (in.op == Op::insert && m_.file.position_dependent)
    note_constant(code, i);
}

// Through a pointer that was loaded from a place which the code states: as a stub does.
void Arm64Sweep::note_jump(const arm64::Code& code, std::uint32_t i) {
  const auto load = code.definition(i, code.insn(i).rn);
  const auto slot = load ? slots_.find(*load) : slots_.end();
  if (slot == slots_.end())
    f_.indirect_jump = true;
  else if (m_.slot_at(slot->second) == nullptr)
    f_.returns = true;
  else
    add(code.address(i), slot->second, RefKind::jump_slot);
}

void Arm64Sweep::note_literal(Address at, const A64& in, Address literal) {
  add(at, literal, RefKind::memory);
  Address value = 0;
  if (in.size == 8 && m_.file.position_dependent && m_.file.read(literal, value) &&
      m_.file.segment_of(value) != nullptr)
    add(at, value, RefKind::address);
}

// movz and movk, one 16 bits after the other.
void Arm64Sweep::note_constant(const arm64::Code& code, std::uint32_t i) {
  Address value = 0, known = 0;
  for (auto at = std::optional(i); at; at = code.definition(*at, code.insn(i).rd)) {
    const A64& in = code.insn(*at);
    if (in.op == Op::insert) {
      const Address mask = Address{0xffff} << in.shift;
      value |= static_cast<Address>(in.imm) & mask & ~known;
      known |= mask;
      continue;
    }
    if (in.op != Op::constant) return;
    value |= static_cast<Address>(in.imm) & ~known;
    if (m_.file.segment_of(value) != nullptr) add(code.address(i), value, RefKind::address);
    return;
  }
}

void Arm64Sweep::note_pages(const arm64::Code& code, const std::vector<arm64::Named>& all) {
  std::vector<bool> jumped(code.size());
  for (std::uint32_t i = 0; i < code.size(); ++i)
    if (code.insn(i).flow == Flow::indirect_jump)
      if (const auto load = code.definition(i, code.insn(i).rn)) jumped[*load] = true;
  for (const arm64::Named& each : all) {
    if (m_.file.segment_of(each.address) == nullptr) continue;
    if (each.certain && each.memory && jumped[each.at] && code.insn(each.at).op == Op::load) {
      slots_[each.at] = each.address;
      continue;
    }
    const Address at = code.address(each.at);
    if (each.memory && m_.is_code(each.address) && code.insn(each.at).op == Op::load)
      note_literal(at, code.insn(each.at), each.address);
    else if (each.certain)
      add(at, each.address, each.memory ? RefKind::memory : RefKind::address);
    else  // it may be none, so it ends no table and no object
      m_.refs.push_back({at, each.address, each.memory ? RefKind::memory : RefKind::address});
  }
}

void Arm64Sweep::finish(Range range) {
  if (!last_ || is_end(last_flow_) || !m_.is_code(range.end)) return;
  add(*last_, range.end, is_any_call(last_flow_) ? RefKind::after_call : RefKind::fall);
}

// Of what lies outside, only what nothing else names is a part of the function: entries behind a table's end, which is
// not always known, seem to lead anywhere.
void Arm64Sweep::table_targets_of(Function& f, std::vector<Ref>& out) {
  if (named_.empty()) {
    named_.resize(m_.functions.size());
    const auto name = [&](Address a) {
      if (const Function* const g = m_.function_at(a)) named_[m_.id_of(*g)] = true;
    };
    for (const Ref& r : m_.refs)
      if (r.kind != RefKind::after_call) name(r.to);
    for (const auto* table : {&m_.file.symbols, &m_.file.dynamic_symbols})
      for (const elf::Symbol& s : *table)
        if (s.defined && !s.local) name(s.value);
    for (const elf::Relocation& r : m_.file.relocations) name(static_cast<Address>(r.addend));
  }
  if (f.code.end - f.code.begin > arm64::Code::kMaxBytes) return;
  const arm64::Code code(m_, f.code);
  const arm64::Jumps jumps = arm64::jumps_by_tables(m_, f, code);
  f.unresolved_jump = !jumps.unresolved.empty();
  for (const auto& [jump, target] : jumps.outside)
    if (const Function* const g = m_.function_at(target); g != nullptr && g->framed && !named_[m_.id_of(*g)])
      out.push_back({code.address(jump), target, RefKind::table});
}

}  // namespace callgate::scan
