// A policy in whose place another one is loaded so that a tracer sees every denied call and the kernel still does what
// the first one says.
//
// Every answer but ALLOW becomes TRACE with a number that stands for it. At that stop the tracer records the call. An
// errno it answers by itself. For a kill or a trap it changes the call's number to one that no program uses and for
// which the same filter gives that very answer: the kernel asks its filters again after the tracer, and so kills, or
// raises the signal, itself. Calls that are allowed never stop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "policy/policy.h"

namespace callgate::why {

// Numbers below x32's bit that no architecture has calls near.
inline constexpr policy::SyscallNr kFirstStandIn = 0x2fc0de00;

struct StandIn {
  policy::Policy policy;
  // What TRACE(n) stands for. ALLOW: a program loads a filter of its own, which is let through and noted.
  std::vector<policy::Action> answers;
  // The number that gets this answer; nothing for answers that need none.
  std::optional<policy::SyscallNr> number_for(policy::Action answer) const;
};

// Errors: limit, if the policy has more answers than TRACE can tell (65536).
base::Result<StandIn> stand_in(const policy::Policy& policy);

}  // namespace callgate::why
