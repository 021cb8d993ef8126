// Phases of a run (CG53xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::phases {

// --phase and --switch-at: there are exactly two phases, each with a name and a profile, and one known point between.
inline constexpr base::DiagnosticId kBadPhase{5301, base::Severity::error, "phases that make no sense"};
// The later phase grants a call that the earlier one refuses. A filter can only be added to, so the later phase would
// not be what its profile says; the message has such a call.
inline constexpr base::DiagnosticId kNotStricter{5302, base::Severity::error, "later phase grants more"};
// The stricter filter could not be put into the running program, or its main function could not be found. The program
// was killed: it never runs on with the wider filter. Exit status 125.
inline constexpr base::DiagnosticId kNotSwitched{5303, base::Severity::error,
                                                 "program killed, for it could not be switched"};
// The program ended without ever coming to the point at which it was to be switched.
inline constexpr base::DiagnosticId kNeverThere{5304, base::Severity::warning, "program ended in its first phase"};

}  // namespace callgate::phases
