// Closure → policy: the calls that are needed are allowed, the others get what the closure says. Exact; what a profile
// format makes of it is convert's business.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "closure/closure.h"

namespace callgate::closure {

// What the phase's filter must answer. Filters can only be added to, so that of a phase, which stays in force, has the
// calls of those after it, too; the one of no phase has all.
//
//   core                ALLOW, where the pins hold
//   newer calls         ENOSYS if the older call that callers then fall back on is in the core
//   of another phase, or with other arguments    what is outside gets, but never a kill: EPERM then
//   frontier, outside   as the closure says; nothing is outside where other architectures are concerned: they are
//   killed
policy::Policy need(const Closure& closure, std::optional<Phase> phase);
// The core alone, of one phase: everything else is refused.
policy::Policy need_of_core(const Closure& closure, std::optional<Phase> phase);
// The same closure, 32-bit arguments having nothing in their upper halves: what compilers pass. A profile that compares
// all 64 bits grants what is needed all the same.
Closure as_compiled(Closure closure);
// The same closure, as far as it depends on what a profile answers to newer calls: where it grants one, the older call
// that callers fall back on (and that was not seen) is not needed; where it answers ENOSYS, the newer one is not. A
// clone() in place of clone3() makes threads and processes, no namespaces: C libraries fall back for no other.
Closure under(Closure closure, const policy::Policy& granted);

// A call that is needed and refused, with the entry of the core that needs it; without one the code can come to it.
struct Lack {
  policy::Call call;
  std::optional<Entry> entry;
};
// The least of the phase's core and of those after it, else of the frontier as far as the closure lets that through;
// nothing if all is granted. Exact, on the calls that there can be: arguments of 32 bits have nothing in their upper
// halves, for compilers put nothing there, and of 32-bit programs' calls the kernel cuts all arguments. What depends on
// the grant is decided as under() says.
std::optional<Lack> first_lack(const Closure& closure, std::optional<Phase> phase, const policy::Policy& granted);
// Why the call is needed: "made 12 times by nginx; sockets".
std::string reason(const Lack& lack);

// By name of the call: where it comes from, in a few words, the same for calls that come from the same place.
std::map<std::string, std::string> origins(const Closure& closure, std::optional<Phase> phase);

}  // namespace callgate::closure
