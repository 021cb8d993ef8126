// What can be wrong with a recording of a program's calls (CG51xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::preflight {

// A line is neither a call nor a signal, an exit or a remark of strace.
inline constexpr base::DiagnosticId kBadTraceLine{5101, base::Severity::error, "malformed line of a trace"};
// A line of a recording is no object {"arch", "call", "args"}.
inline constexpr base::DiagnosticId kBadRecord{5102, base::Severity::error, "malformed record"};
// The tables know no call of that name on that architecture; the line is passed over.
inline constexpr base::DiagnosticId kUnknownCall{5103, base::Severity::warning, "unknown call in a trace"};
// A file without a single call says nothing about a program.
inline constexpr base::DiagnosticId kNoCalls{5104, base::Severity::error, "trace without calls"};

}  // namespace callgate::preflight
