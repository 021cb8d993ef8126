// The modules of one program bound together as the loader binds them: which definition each symbol gets, and what
// depends on it: where a reference leads, and which functions ever return.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "scan/load.h"

namespace callgate::scan {

// A function of the program.
struct Node {
  std::uint32_t module = 0, function = 0;
  bool operator==(const Node&) const = default;
};

// A place in the program: not where it is mapped, but which module's which address.
struct Place {
  std::uint32_t module = 0;
  Address address = 0;
};

class Link {
 public:
  explicit Link(const Program& program);

  const Program& program() const { return program_; }
  const Module& module(std::uint32_t i) const { return *program_.modules[i]; }
  const Function& function(Node n) const { return module(n.module).functions[n.function]; }
  std::size_t module_count() const { return program_.modules.size(); }

  // What the symbol of a module is bound to. One definition; all versions of it where none is asked for. Empty if
  // nothing defines it.
  std::vector<Place> definitions(std::uint32_t module, std::uint32_t symbol) const;
  // What a look-up by name alone may find, in all modules.
  std::vector<Place> named(std::string_view name) const;
  // The data that modules define under a name.
  std::vector<Place> named_data(std::string_view name) const;
  // The code to which a reference may lead: none for data, for what is not defined, and for a pointer in memory whose
  // content is not the loader's.
  std::vector<Place> targets(std::uint32_t module, const Ref& ref) const;
  std::optional<Node> node_at(Place place) const;
  bool returns(Node n) const { return returns_[n.module][n.function]; }
  // May control come back from the call at `from`?
  bool call_returns(Node caller, Address from) const;

 private:
  struct Definition {
    std::uint32_t module, symbol;
  };
  void bind_slots();
  void find_returns();
  bool leads_to_return(Node n) const;

  const Program& program_;
  std::unordered_map<std::string_view, std::vector<Definition>> by_name_;
  std::vector<std::vector<bool>> returns_;
  std::vector<std::vector<std::vector<Place>>> slot_code_;  // by module and slot: the code that it may point to
};

}  // namespace callgate::scan
