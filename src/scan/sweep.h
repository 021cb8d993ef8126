// Builds a Module: one pass over every instruction of the file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_set>

#include "scan/decode.h"
#include "scan/module.h"

namespace callgate::scan {

// The code that a jump table at `table` may lead to, as far as its entries stay within code: 4-byte distances from the
// table's own address (or 8-byte addresses if `absolute`), up to `limit`.
std::vector<Address> table_targets(const Module& module, Address table, Address limit, bool absolute);
// Where the table at `a` ends at the latest: the next data address that any code names.
Address table_limit(const Module& module, Address a);

class Sweep {
 public:
  explicit Sweep(Module& module) : m_(module) {}
  // Code areas and slots.
  void outline();
  // The rest.
  void run();

 private:
  void find_code();
  void find_slots();
  void find_go();
  void framed_functions();
  void unframed_functions();
  void find_entries();
  // A stretch of code without an unwind entry, and what was found in it.
  struct Piece {
    Function function;
    bool nonsense = false;  // its own bytes are no instructions; function.undecodable: or those that it runs on into
    bool followed = false;  // what it names has been entered
    std::vector<Ref> refs;
    std::vector<Site> sites;
    std::vector<Address> data_refs;
  };
  static void spread_nonsense(std::vector<Piece>& pieces);
  Piece piece(Range range);
  void keep(const Piece& piece);
  void tables();
  void constant_pointers();
  void sort_functions();

  void entry(Address a);
  void sweep(Range range, bool framed);
  void straight(Range range, Address from, bool again);
  void follow_branches(Range range);
  void note(const Insn& in, Address at, Range range);
  void note_memory(const Insn& in, Address at, Address next);
  void note_constants(const Insn& in, Address at);
  void add(Address from, Address to, RefKind kind);
  void branch_to(Address target);
  void own_labels(Range range);
  void finish(Range range);
  // The slot through which the PLT stub at `a` jumps.
  const Slot* stub(Address a) const;

  Module& m_;
  std::vector<Range> gaps_;            // code without unwind entries
  std::vector<Address> entries_;       // where pieces of gaps begin
  std::unordered_set<Address> known_;  // the same, to ask
  // Of the function at hand.
  Function f_;
  std::vector<std::uint8_t> marks_;  // a byte for each of the code: an instruction begins, a branch leads here
  std::vector<Address> branches_;
  std::size_t next_branch_ = 0;
  Address self_ = 0;       // a place of the function whose address it has formed
  bool lost_ = false;      // some bytes were no instruction
  bool guessing_ = false;  // what is decoded may be no code
  std::optional<Insn> last_;
  Address last_at_ = 0;
};

}  // namespace callgate::scan
