// What can be wrong with a closure and what it is made of (CG54xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::closure {

// A closure file is not what docs/closure.md says: a member is missing, has another kind of value, or contradicts
// another.
inline constexpr base::DiagnosticId kBadClosure{5401, base::Severity::error, "malformed closure"};
// The closure was written by a later callgate, in a form that this one does not know.
inline constexpr base::DiagnosticId kLaterClosure{5402, base::Severity::error, "later version of closure"};
// A run says of itself that calls may be missing in it. A profile made of it may refuse what the program needs.
inline constexpr base::DiagnosticId kIncompleteRun{5403, base::Severity::error, "incomplete recording"};
// The same, accepted by --accept-incomplete.
inline constexpr base::DiagnosticId kAcceptedIncomplete{5404, base::Severity::warning, "incomplete recording accepted"};
// The recordings are of different machines or builds, or something in them limits what the closure can say.
inline constexpr base::DiagnosticId kMixedRuns{5405, base::Severity::warning, "recordings that differ"};
// What `callgate scan --format json` prints was expected.
inline constexpr base::DiagnosticId kBadScan{5406, base::Severity::error, "malformed answer of a scan"};
// A program made a call that the scan of it did not find, which is a defect of callgate's scan, unless the program
// makes code while it runs or had libraries forced on it.
inline constexpr base::DiagnosticId kScanMissed{5407, base::Severity::warning, "call that the scan did not find"};
// The scan does not cover all that was recorded, so calls outside of it may be made all the same.
inline constexpr base::DiagnosticId kScanShort{5408, base::Severity::warning, "scan that does not cover the recording"};
// The core has more calls than the budget allows.
inline constexpr base::DiagnosticId kOverBudget{5409, base::Severity::error, "core over budget"};
// The profile refuses a call that the closure needs.
inline constexpr base::DiagnosticId kNeedRefused{5410, base::Severity::error, "needed call refused"};

}  // namespace callgate::closure
