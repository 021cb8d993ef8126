// Values followed across functions: from a parameter to all callers, from a structure to whoever filled it in, from a
// global variable to all stores. Answers which numbers a system call site can have, and which texts a dlopen gets.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/trace.h"

namespace callgate::scan {

// A constant with the instruction that settles it: the site itself, or a call of a wrapper.
struct Settled {
  Value value;           // constant or address
  Node at;               // the function in which it is a constant
  Address from = 0;      // the call, or the site
  bool assumed = false;  // by own_numbers
};

struct Findings {
  std::vector<Settled> settled;
  std::vector<std::string> unknown;  // why some values are not known
  bool assumed = false;              // something was taken for granted
  bool stored = false;               // some come from memory in which they may have stood for long
  std::vector<Node> through;         // functions whose callers were asked
};

class Numbers {
 public:
  // With `own_numbers`, a function that is called through a pointer gets, by that way, only constants that indirect
  // calls of the module have which holds the pointer.
  Numbers(const Link& link, const Reach& reach, bool own_numbers = false)
      : link_(link), reach_(reach), own_numbers_(own_numbers), tracer_(link, reach) {}
  // All values of a register before an instruction of a reached function.
  Findings find(Node n, Address at, unsigned reg);
  Tracer& tracer() { return tracer_; }

 private:
  struct Item {
    Value value;
    Node at;
    Address from;
    bool assumed = false;
  };
  struct Caller {
    Node node;
    Address from;
    bool after = false;  // control runs on into the function behind `from`
  };
  struct Callers {
    std::vector<Caller> all;
    std::string unknown;              // not empty: there may be others
    std::set<std::uint32_t> holders;  // modules that hold a pointer to it
  };
  void expand(const Item& item, std::vector<Item>& work, Findings& out);
  void from_callers(const Item& item, std::vector<Item>& work, Findings& out);
  void from_global(const Item& item, std::vector<Item>& work, Findings& out);
  bool named_elsewhere(std::uint32_t module, std::string_view name) const;
  const Callers& callers(Node n);
  bool through_register(Node by, Address from, Callers& out);
  void direct_callers(Node n, Callers& out);
  void callers_by_symbol(Node n, Callers& out);
  void named_by_relocations(Node n, Callers& out) const;
  void by_indirect_calls(std::uint32_t module, const Item& item, std::vector<Item>& work);
  Values at_caller(const Caller& caller, const Value& wanted);

  const Link& link_;
  const Reach& reach_;
  bool own_numbers_;
  Tracer tracer_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Callers> callers_;
};

}  // namespace callgate::scan
