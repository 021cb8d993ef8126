// What can be wrong while a program is hardened (CG55xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::harden {

// state.json is not one that harden wrote: a member is missing or has another kind of value. With --restart harden
// begins anew, and keeps what is there.
inline constexpr base::DiagnosticId kBadState{5501, base::Severity::error, "malformed state of harden"};
// The directory was begun for another command or by a later callgate, or the program's file has changed since: what was
// recorded may say nothing of it.
inline constexpr base::DiagnosticId kOtherProgram{5502, base::Severity::error, "directory of another program"};
// Another harden works in that directory.
inline constexpr base::DiagnosticId kInUse{5503, base::Severity::error, "directory in use"};
// After so many runs in log mode there still was something new. The recordings hold all of it; harden can be run again.
inline constexpr base::DiagnosticId kNotSettled{5504, base::Severity::error, "no end of what is new"};
// A call was denied under the enforced profile. The report tells which and what would admit it; --accept takes it into
// the closure.
inline constexpr base::DiagnosticId kDenied{5505, base::Severity::error, "call denied under the profile"};
// Under its profile the program ended with another status than when it was recorded, though no call was denied.
inline constexpr base::DiagnosticId kOtherEnd{5506, base::Severity::warning, "another exit status than recorded"};
// A signal asked for an end. What was done stands in the directory, and harden goes on from there when it is run again.
inline constexpr base::DiagnosticId kInterrupted{5507, base::Severity::warning, "interrupted"};
// Calls beyond the thousand kinds that are kept were denied.
inline constexpr base::DiagnosticId kTooMany{5508, base::Severity::warning, "more denied calls than are kept"};
// --phases asks for a stricter profile once the program serves, and that cannot be: no run saw it serve, it needs as
// much while it serves, it loads filters of its own, or the recordings tell serving from another point on. Without
// --phases one profile is enforced.
inline constexpr base::DiagnosticId kNoPair{5509, base::Severity::error, "no two phases to be enforced"};

}  // namespace callgate::harden
