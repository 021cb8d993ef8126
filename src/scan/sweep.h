// Builds a Module: one pass over every instruction of the file. What instructions say is read by a class for each
// machine; where functions begin, and what is made of it all, is the same for all of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <unordered_set>

#include "scan/module.h"

namespace callgate::scan {

// The code that a jump table at `table` may lead to, as far as its entries stay within code: 4-byte distances from the
// table's own address (or 8-byte addresses if `absolute`), up to `limit`.
std::vector<Address> table_targets(const Module& module, Address table, Address limit, bool absolute);
// Where the table at `a` ends at the latest: the next data address that any code names.
Address table_limit(const Module& module, Address a);

class Sweep {
 public:
  static std::unique_ptr<Sweep> of(Module& module);
  virtual ~Sweep() = default;
  // Code areas and slots.
  void outline();
  // The rest.
  void run();

 protected:
  explicit Sweep(Module& module) : m_(module) {}

  // What the machine's instructions say.
  //
  // A function begins: nothing is known of it.
  virtual void begin() = 0;
  // Decodes from `from` to the end. `again`: a branch leads here, off the instructions seen so far; stops where it
  // meets one of them.
  virtual void straight(Range range, Address from, bool again) = 0;
  // After the last instruction: does control run on into what follows?
  virtual void finish(Range range) = 0;
  // Targets of jump tables inside of the function, of which some may be none.
  virtual void own_labels(Range range) = 0;
  // Where the jump tables of a function lead. All functions and data addresses are known.
  virtual void table_targets_of(Function& f, std::vector<Ref>& out) = 0;
  // The slot through which the PLT stub at `a` jumps.
  virtual const Slot* stub(Address a) const = 0;

  void add(Address from, Address to, RefKind kind);
  void branch_to(Address target);
  void follow_branches(Range range);

  static constexpr std::uint8_t kBoundary = 1, kBranch = 2;
  Module& m_;
  // Of the function at hand.
  Function f_;
  std::vector<std::uint8_t> marks_;  // a byte for each of the code: an instruction begins, a branch leads here
  bool lost_ = false;                // some bytes were no instruction
  bool guessing_ = false;            // what is decoded may be no code

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

  std::vector<Range> gaps_;            // code without unwind entries
  std::vector<Address> entries_;       // where pieces of gaps begin
  std::unordered_set<Address> known_;  // the same, to ask
  std::vector<Address> branches_;      // of the function at hand
  std::size_t next_branch_ = 0;
};

}  // namespace callgate::scan
