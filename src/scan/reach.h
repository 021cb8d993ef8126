// Which functions can run at all, from the program's entry points on, and why: each keeps the reference that led to
// it first, so the chain back to an entry point is a shortest one.
//
// What counts as a root (the sound default): where the kernel and the loader enter, and every code pointer that the
// loader or the linker has put into data of any module. An address that code forms counts as called as soon as that
// code is reached. So no indirect call needs to be understood: whatever pointer it goes through has been one of these.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "scan/chunks.h"
#include "scan/link.h"

namespace callgate::scan {

enum class RootKind : std::uint8_t {
  none,        // reached from another function
  entry,       // where the kernel enters the program or its loader
  start,       // initialisers and finalisers
  relocation,  // a pointer in data
  exception,   // a handler that unwind tables name
  by_name,     // looked up by its name while the program runs
  runtime,     // of a language runtime whose every function counts
  opened,      // what a library opened at run time offers
  held,        // its address has been formed before, and may be held anywhere
  resumed,     // it has been called before, and goes on
};

struct Cause {
  RootKind root = RootKind::none;
  Node parent;       // if no root
  Address from = 0;  // the instruction, or the pointer's place
  RefKind kind = RefKind::call;
};

class Dead;

// What has happened before a point from which on reach is asked for (after.h).
struct Past {
  const class Reach& life;                              // all that has been reached until then, or can be later
  std::size_t started = 0;                              // so many modules have been initialised
  std::set<std::pair<std::uint32_t, Address>> spent;    // instructions whose addresses are held by nobody any more
  std::set<std::pair<std::uint32_t, Address>> emptied;  // places of pointers that only those instructions read
};

class Reach {
 public:
  // With `apart`, a pointer in data counts only once the object that holds it is reached (chunks.h).
  // What `dead` holds leads nowhere (prune.h).
  explicit Reach(const Link& link, Library* apart = nullptr, const Dead* dead = nullptr);
  // Enters where the kernel and the loader do, and follows everything.
  void run();
  // Instead of run(): all ways in that are open after what has happened, and nothing that follows from them yet. Every
  // address that code has formed may have been kept; what initialises a module does not run again.
  void resume(const Past& past);
  // Further roots, then everything that follows from them.
  void add(Place place, const Cause& cause);
  void follow();

  // A way into one of the watched functions: where, and by what.
  struct Entrance {
    Node node;
    Address at = 0;
    RootKind root = RootKind::none;
    bool operator<(const Entrance& o) const {
      return std::tie(node.module, node.function, at, root) < std::tie(o.node.module, o.node.function, o.at, o.root);
    }
  };
  // To be said before anything is added.
  void watch(const std::set<std::pair<std::uint32_t, std::uint32_t>>& functions) { watched_ = &functions; }
  // All that has led into watched functions, but for RootKind::resumed.
  const std::set<Entrance>& entrances() const { return entrances_; }

  bool contains(Node n) const { return reached_[n.module][n.function]; }
  // Can the instruction of a reached function run?
  bool runs(Node n, Address at) const;
  const Cause& cause(Node n) const { return causes_[n.module][n.function]; }
  // In the order in which they were reached.
  const std::vector<Node>& nodes() const { return order_; }

 private:
  void module_roots(std::uint32_t m);
  void relocations(std::uint32_t m);
  void relocation(std::uint32_t m, const elf::Relocation& r, bool at_load);
  void touch(Place place);
  void data(std::uint32_t m, const Ref& ref);
  const Chunks& chunks(std::uint32_t m);
  void plain_pointers(std::uint32_t m);
  void visit(Node n);
  bool is_constants(Node n, const Cause& cause) const;
  void names_in_loader(Node n, const Ref& ref, RootKind root = RootKind::none);
  void held(Node n, const Past& past);
  bool is_entry(Place place) const;
  bool has_run(std::uint32_t m, Address place) const;
  static bool only_initialises(const Module& module, Address a);

  const Link& link_;
  std::vector<std::vector<bool>> reached_;
  std::vector<std::vector<Cause>> causes_;
  std::vector<Node> order_;
  std::size_t next_ = 0;
  Library* apart_ = nullptr;
  const Dead* dead_ = nullptr;
  const Past* past_ = nullptr;
  const std::set<std::pair<std::uint32_t, std::uint32_t>>* watched_ = nullptr;
  std::set<Entrance> entrances_;
  std::vector<std::vector<bool>> touched_;
  std::vector<const Chunks*> chunks_;                                // null: not asked for yet
  std::vector<std::pair<std::uint32_t, std::size_t>> touched_next_;  // module, object
};

// Where a module's initialisers are named.
std::vector<Range> initialisers(const Module& module);

}  // namespace callgate::scan
