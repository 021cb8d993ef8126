// Follows a program that runs under a stand-in (stand_in.h), with its threads and children, and records what is denied.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include "sandbox/supervise.h"
#include "why/denial.h"
#include "why/stand_in.h"
#include "why/unwind.h"

namespace callgate::why {

// `kernel`, but a traced child stops at its denied calls.
sandbox::Kernel following(const sandbox::Kernel& kernel);

struct Followed {
  sandbox::Ended ended;  // the program's own end
  Journal journal;
  bool own_filters = false;  // the program loaded some, too: calls that those answer with an error were not seen
};
struct Following {
  std::function<void(const Denial&)> on_new;  // the first of several that are alike; may be empty
  // Once nothing new was denied for so long, all of them are told to end, and killed ten seconds later. 0: they are
  // not.
  std::chrono::seconds quiet{};
};
// Until the program and all that it left behind have ended. Signals to us go to the program.
Followed follow(const sandbox::Launched& launched, const StandIn& stand_in, const Unwinder* unwinder,
                const Following& how = {});

}  // namespace callgate::why
