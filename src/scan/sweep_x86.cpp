// One function at a time: decode, and keep what it refers to.
// SPDX-License-Identifier: Apache-2.0
#include "scan/sweep_x86.h"

#include <algorithm>

namespace callgate::scan {

namespace {

constexpr std::uint64_t kVsyscallPage = 0xffffffffff600000;
// gettimeofday, time, getcpu: the three entries of the page, 1 KiB apart.
constexpr std::array<std::uint32_t, 3> kVsyscallNumbers{96, 201, 309};

bool is_nop(const Insn& in) {
  return in.one(0x90) || in.two(0x1f) || (in.two(0x1e) && in.mod == 3);
}

}  // namespace

const Slot* X86Sweep::stub(Address a) const {
  const elf::Bytes b = m_.file.at(a);
  Insn in;
  for (std::size_t at = 0, n = 0; n < 2 && at < b.size() && decode(b.subspan(at), in); ++n, at += in.length) {
    if (in.is_indirect_jump() && in.rip_relative)
      return m_.slot_at(a + at + in.length + static_cast<Address>(std::int64_t{in.displacement}));
    if (!(in.two(0x1e) && in.rep)) return nullptr;  // endbr64 may stand before
  }
  return nullptr;
}

// A position-dependent file forms addresses as plain numbers, too.
void X86Sweep::note_constants(const Insn& in, Address at) {
  const auto take = [&](Address value, RefKind kind) {
    if (m_.file.segment_of(value) != nullptr) add(at, value, kind);
  };
  if (in.immediate_bytes == 4) take(static_cast<std::uint32_t>(in.immediate), RefKind::address);
  if (in.immediate_bytes == 8) take(static_cast<Address>(in.immediate), RefKind::address);
  if (in.has_memory && !in.rip_relative) take(static_cast<std::uint32_t>(in.displacement), RefKind::address);
}

void X86Sweep::note_memory(const Insn& in, Address at, Address next) {
  const Address target = next + static_cast<Address>(std::int64_t{in.displacement});
  const RefKind kind = in.is_indirect_call()   ? RefKind::call_slot
                       : in.is_indirect_jump() ? RefKind::jump_slot
                       : in.one(0x8d)          ? RefKind::address
                                               : RefKind::memory;
  if (in.segment || m_.file.segment_of(target) == nullptr) return;
  add(at, target, kind);
}

void X86Sweep::note(const Insn& in, Address at, Range range) {
  const Address next = at + in.length;
  if (in.is_call() || in.is_jump() || in.is_branch()) {
    const Address target = next + static_cast<Address>(in.immediate);
    if (in.is_call())
      add(at, target, RefKind::call);
    else if (range.contains(target))
      branch_to(target);
    else
      add(at, target, RefKind::jump);
    return;
  }
  if (in.is_return() || in.one(0xcf) || in.one(0xcb) || in.one(0xca)) f_.returns = true;
  if (in.is_indirect_jump()) {
    if (!in.rip_relative)
      f_.indirect_jump = true;
    else if (m_.slot_at(next + static_cast<Address>(std::int64_t{in.displacement})) == nullptr)
      f_.returns = true;
  }
  if (in.is_syscall()) m_.sites.push_back({at, SiteKind::syscall, 0});
  if (in.two(0x34)) m_.sites.push_back({at, SiteKind::sysenter, 0});
  if (in.one(0xcd) && in.immediate == static_cast<std::int8_t>(0x80)) m_.sites.push_back({at, SiteKind::int80, 0});
  if (in.immediate_bytes >= 4)
    if (const auto value = static_cast<Address>(in.immediate); value >= kVsyscallPage && value < kVsyscallPage + 0xc00)
      m_.sites.push_back({at, SiteKind::vsyscall, kVsyscallNumbers[(value - kVsyscallPage) / 0x400]});
  if (in.rip_relative) note_memory(in, at, next);
  // The large model: the function's own address, and 64-bit distances from it and from the loader's table.
  if (in.one(0x8d) && in.rip_relative)
    if (const Address a = next + static_cast<Address>(std::int64_t{in.displacement}); range.contains(a)) self_ = a;
  if (self_ != 0 && in.immediate_bytes == 8)
    for (const Address base : {self_, m_.file.dynamic.offset_table})
      if (const Address a = base + static_cast<Address>(in.immediate); m_.file.segment_of(a) != nullptr)
        add(at, a, RefKind::address);
  if (m_.file.position_dependent) note_constants(in, at);
}

void X86Sweep::straight(Range range, Address from, bool again) {
  const elf::Bytes there = m_.file.at(from);
  const elf::Bytes code = there.first(std::min<std::uint64_t>(there.size(), range.end - from));
  bool live = !again || !guessing_;
  Insn in;
  for (std::size_t at = 0; at < code.size();) {
    const Address here = from + at;
    std::uint8_t& mark = marks_[here - range.begin];
    if (again && (mark & kBoundary) != 0) return;
    live = live || (mark & kBranch) != 0;
    if (!decode(code.subspan(at), in) && !(decode(there.subspan(at), in) && !f_.framed)) {
      lost_ = true;
      if (live && !guessing_) f_.undecodable = true;
      ++at;
      continue;
    }
    mark |= kBoundary;
    note(in, here, range);
    if (!again && live && !is_nop(in)) last_ = in, last_at_ = here;
    // Behind a jump through a register stand the cases of a switch.
    live = live && (!in.is_end() || (in.is_indirect_jump() && !in.rip_relative && f_.framed));
    at += in.length;
    // What was taken for the next entry lies within an instruction.
    if (at > code.size() && live) add(here, from + at, RefKind::jump);
  }
}

void X86Sweep::finish(Range range) {
  // An end, and what is never reached behind it, leads nowhere.
  if (!last_ || last_->is_end() || !m_.is_code(range.end)) return;
  if (last_at_ + last_->length > range.end) return;  // it goes on within what was taken for the next entry
  const bool call = last_->is_call() || last_->is_indirect_call();
  add(last_at_, range.end, call ? RefKind::after_call : RefKind::fall);
}

// Targets of tables inside of the function: data among the code may have hidden them. Where a table ends is not known
// yet, so some of them are none.
void X86Sweep::own_labels(Range range) {
  guessing_ = true;
  const std::size_t end = m_.refs.size();
  for (std::size_t i = f_.refs_begin; i < end; ++i) {
    const Ref r = m_.refs[i];
    if (r.kind != RefKind::address || m_.is_code(r.to)) continue;
    for (const Address target : table_targets(m_, r.to, 0, false))
      if (range.contains(target)) branch_to(target);
  }
  follow_branches(range);
  guessing_ = false;
}

void X86Sweep::table_targets_of(Function& f, std::vector<Ref>& out) {
  std::unordered_set<Address> seen;
  for (const Ref& r : m_.refs_of(f)) {
    if (r.kind != RefKind::address || m_.is_code(r.to)) continue;
    for (const bool absolute : {false, true}) {
      if (absolute && !m_.file.position_dependent) continue;
      for (const Address target : table_targets(m_, r.to, table_limit(m_, r.to), absolute))
        if (!f.code.contains(target) && seen.insert(target).second) out.push_back({r.from, target, RefKind::table});
    }
  }
}

void X86Sweep::begin() {
  self_ = 0;
  last_.reset();
}

}  // namespace callgate::scan
