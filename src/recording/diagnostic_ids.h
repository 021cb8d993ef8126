// What can be wrong with a recording (CG52xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::recording {

// A line is not what docs/recording.md says: a member is missing, has another kind of value, or contradicts another.
inline constexpr base::DiagnosticId kBadLine{5201, base::Severity::error, "malformed line of a recording"};
// The recording was written by a later callgate, in a form that this one does not know.
inline constexpr base::DiagnosticId kLaterVersion{5202, base::Severity::error, "later version of recording"};
// A line of a kind that this version does not know; it is passed over.
inline constexpr base::DiagnosticId kUnknownLine{5203, base::Severity::warning, "unknown kind of line in a recording"};
// A run has no end line: its recorder was ended, or the file was cut off. What it holds was seen, but more may have
// been.
inline constexpr base::DiagnosticId kUnfinished{5204, base::Severity::warning, "unfinished run in a recording"};
// The file holds no run at all.
inline constexpr base::DiagnosticId kNoRun{5205, base::Severity::error, "recording without a run"};

}  // namespace callgate::recording
