// The rest of a program's life from a point on: after main has begun, or after listen(2) has returned for the first
// time. Of a process and its threads, and of the processes that it makes from then on.
//
// What can run then is what follows from:
//   - where control goes on: behind the calls that have not returned (only a part of those functions);
//   - every function whose address code has formed, or data holds, by then: handlers, threads, callbacks, what exit
//     calls, the loader's own way to bind a symbol late;
//   - what may be opened and looked up, then or before.
// What is left out is what only code before the point comes to, by calls that name it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "scan/prune.h"
#include "scan/trace.h"

namespace callgate::scan {

// Of a program whose whole life has been followed.
struct Life {
  const Link& link;
  const Reach& reach;
  Tracer& tracer;
  std::size_t started = 0;  // the first modules, which the loader initialises before main
  Library* apart = nullptr;
  const Dead* dead = nullptr;
  std::function<void(Reach&)> looked_up;  // adds what is asked for by name
};

using NodeSet = std::set<std::pair<std::uint32_t, std::uint32_t>>;

// Where control is at the point.
struct Standing {
  std::vector<Place> places;                                   // it goes on there
  std::vector<Place> entered;                                  // these begin then
  NodeSet stack;                                               // functions that have been called and have not returned
  std::set<std::pair<std::uint32_t, Address>> spent, emptied;  // as in Past
  std::string unknown;  // not empty: why it cannot be told, so that all of the program's life counts
  std::string note;     // what makes the answer larger than it might be
  bool assumed = false;
};

// main has been called, and has done nothing yet.
Standing at_main(const Life& life);
// One of `sites` (system calls, by their function and address) has returned for the first time. With `direct`: main
// has come there by calls that name what they call.
Standing after_sites(const Life& life, const std::vector<std::pair<Node, Address>>& sites, bool direct);

// What can be reached then.
class After {
 public:
  After(const Life& life, Standing standing);
  const Reach& reach() const { return *reach_; }
  const Standing& standing() const { return standing_; }

 private:
  Standing standing_;
  Past past_;
  Dead dead_;
  std::unique_ptr<Reach> reach_;
};

// The functions to which the call or jump at an instruction leads, as far as it names them.
std::vector<Node> callees(const Link& link, Node n, Address from);

}  // namespace callgate::scan
