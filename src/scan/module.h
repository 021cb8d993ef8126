// What the code of one ELF file contains, found without looking at any other file: functions, what each refers to,
// where system calls stand. Built once and never changed, so it can be kept, shared and read by many threads; what
// depends on other modules (symbols, who returns) is decided when they are linked (link.h).
//
// A function is a range that an unwind entry states, or, where code has none, a piece from one known entry to the next.
// All of a function counts as reached once any of it is: what is decided here is only where it may lead.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "elf/file.h"
#include "scan/content.h"
#include "scan/machine.h"

namespace callgate::scan {

using elf::Address;
using elf::Range;

enum class RefKind : std::uint8_t {
  call,        // direct call
  jump,        // direct jump that leaves the function
  table,       // the target of a jump table, outside of the function
  fall,        // the function's end is reached: what follows is entered
  after_call,  // the same, if the call at `from` returns
  address,     // the address is formed
  call_slot,   // a call through a pointer in memory at `to`
  jump_slot,   // a jump through one
  memory,      // memory at `to` is read or written
};

struct Ref {
  Address from = 0;  // the instruction
  Address to = 0;
  RefKind kind = RefKind::call;
};

struct Function {
  Range code;
  std::uint32_t refs_begin = 0, refs_end = 0;    // into Module::refs
  std::uint32_t sites_begin = 0, sites_end = 0;  // into Module::sites
  bool framed = false;                           // stated by an unwind entry
  bool returns = false;                          // holds a return, or jumps somewhere that is not known
  bool indirect_jump = false;                    // holds a jump through a register or a table
  bool handlers = false;                         // exceptions enter it in its middle
  bool unresolved_jump = false;                  // jumps to a computed place, and how is not understood
  bool undecodable = false;                      // control runs into bytes that are no instruction
};

enum class SiteKind : std::uint8_t { syscall, int80, sysenter, vsyscall };

// An instruction that enters the kernel.
struct Site {
  Address address = 0;
  SiteKind kind = SiteKind::syscall;
  std::uint32_t number = 0;  // of a vsyscall
};

// A pointer in memory that the loader fills with a symbol's address.
struct Slot {
  Address place = 0;
  std::uint32_t symbol = 0;  // index into File::dynamic_symbols
};

class Module {
 public:
  // Errors: those of File::parse, and unsupported for a machine that is not analysed.
  static base::Result<std::shared_ptr<const Module>> make(std::string path, Content bytes);
  // The same in two steps: the file, its code areas and slots; then the rest.
  static base::Result<std::shared_ptr<Module>> read(std::string path, Content bytes);
  void analyse();

  // The function that holds `a`, or nothing.
  const Function* function_at(Address a) const;
  std::uint32_t id_of(const Function& f) const { return static_cast<std::uint32_t>(&f - functions.data()); }
  std::span<const Ref> refs_of(const Function& f) const {
    return std::span(refs).subspan(f.refs_begin, f.refs_end - f.refs_begin);
  }
  std::span<const Site> sites_of(const Function& f) const {
    return std::span(sites).subspan(f.sites_begin, f.sites_end - f.sites_begin);
  }
  const Slot* slot_at(Address place) const;
  bool is_code(Address a) const;
  // "name", "name+0x12", or "0x1234" where no symbol is near.
  std::string describe(Address a) const;

  std::string path;
  Content bytes;
  elf::File file;
  const Machine* machine = nullptr;
  std::vector<Range> code;          // executable areas, by address
  std::vector<Function> functions;  // by address, disjoint
  std::vector<Ref> refs;
  std::vector<Site> sites;
  std::vector<Slot> slots;                 // by place
  std::vector<Address> data_refs;          // all data addresses that code names, sorted
  std::vector<Address> pointers;           // code addresses that stand in data and are final (position-dependent files)
  bool all_code_counts = false;            // of a runtime whose tables name code in ways that are not followed (Go)
  std::vector<std::string> sweep_defects;  // what the analysis of the code left out, and why

 private:
  Module() = default;
  friend class Sweep;
};

}  // namespace callgate::scan
