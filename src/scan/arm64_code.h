// A function's aarch64 instructions together: where they branch to within it, which addresses they form in two steps (a
// page, and a place in it), and where its jumps through tables lead.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scan/arm64.h"
#include "scan/module.h"

namespace callgate::scan::arm64 {

class Code {
 public:
  // Larger functions are not looked into: no compiler makes them.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

  Code(const Module& module, Range range);

  std::uint32_t size() const { return static_cast<std::uint32_t>(insns_.size()); }
  const A64& insn(std::uint32_t i) const { return insns_[i]; }
  std::uint32_t word(std::uint32_t i) const { return words_[i]; }
  Address address(std::uint32_t i) const { return begin_ + std::uint64_t{i} * 4; }
  // Of a direct branch, an address that is formed, a literal that is loaded: the place.
  Address target(std::uint32_t i) const { return target_of(insns_[i], address(i)); }
  std::optional<std::uint32_t> index_of(Address a) const;
  // A direct branch of the function leads here.
  bool is_label(std::uint32_t i) const { return labels_[i]; }
  // Behind an instruction that control never goes on from, and no label: a case of a switch, a handler of exceptions,
  // or data.
  bool is_orphan(std::uint32_t i) const { return i != 0 && !labels_[i] && is_end(insns_[i - 1].flow); }
  // The last instruction before i that writes the register, if control comes from it straight to i and it is near.
  std::optional<std::uint32_t> definition(std::uint32_t i, unsigned reg) const;
  // All that write it last on some way to i within the function. Takes off `budget` what it looks at; nothing if that
  // is used up.
  std::optional<std::vector<std::uint32_t>> definitions(std::uint32_t i, unsigned reg, std::size_t& budget) const;

 private:
  static Address target_of(const A64& in, Address at) {
    const Address from = in.op == Op::page ? at & ~Address{0xfff} : at;
    return from + static_cast<Address>(in.imm);
  }
  void bring_back(const Module& module, std::uint32_t i);

  Address begin_;
  std::vector<std::uint32_t> words_;
  std::vector<A64> insns_;
  std::vector<bool> labels_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> branches_;  // to, from; sorted
};

// An address that the instruction at index `at` forms, or whose memory it reads or writes.
struct Named {
  std::uint32_t at = 0;
  Address address = 0;
  bool memory = false;
  bool sure = false;     // it is this one on all ways that lead here
  bool certain = false;  // and code names it by itself, not by a distance from another
};
// Those that take two instructions: adrp, and an offset within the page; and those that are reached from there. On any
// way through the function; what is uncertain may be none.
struct AllNamed {
  std::vector<Named> all;
  bool complete = true;  // false: there are too many ways
};
AllNamed named_in_pages(const Module& module, const Code& code);

// The places to which jumps of the function through tables lead, within it and outside.
struct Jumps {
  std::vector<Address> targets;                            // sorted
  std::vector<std::uint32_t> unresolved;                   // computed jumps whose table is not found
  std::vector<std::pair<std::uint32_t, Address>> outside;  // by the jump
};
Jumps jumps_by_tables(const Module& module, const scan::Function& function, const Code& code);
// The instruction that forms the base for a jump by table: the address is no pointer to be called.
bool is_base_of_jump(const Code& code, std::uint32_t i);

}  // namespace callgate::scan::arm64
