// What can be wrong with a file in another tool's format (CG12xx), and what a conversion loses (CG13xx).
// docs/diagnostics.md is made from these lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::convert {

// A conversion that loses something is not written without --lossy; the losses are listed.
inline constexpr base::DiagnosticId kRefused{1300, base::Severity::error, "conversion refused"};
// The target covers fewer architectures: calls of the others get its answer for foreign architectures.
inline constexpr base::DiagnosticId kLostArchitecture{1301, base::Severity::warning, "architecture lost"};
// What the target answers on architectures that a profile does not list is fixed, and differs.
inline constexpr base::DiagnosticId kLostOther{1302, base::Severity::warning, "other architectures answered otherwise"};
// The numbers of x32 calls (bit 30 under x86_64's token) get another answer.
inline constexpr base::DiagnosticId kLostX32{1303, base::Severity::warning, "x32 answered otherwise"};
// The target names calls by name, so numbers that no call has get its default.
inline constexpr base::DiagnosticId kLostUnnamed{1304, base::Severity::warning, "numbers without a name"};
// What runc answers above the last named call (ENOSYS), or the lack of it, cannot be said.
inline constexpr base::DiagnosticId kLostBeyond{1305, base::Severity::warning, "numbers above the last call"};
// Conditions on arguments that the target cannot express are dropped or made stricter.
inline constexpr base::DiagnosticId kLostArguments{1306, base::Severity::warning, "argument conditions lost"};
// The action is the same, but its error number or datum differs.
inline constexpr base::DiagnosticId kLostData{1307, base::Severity::warning, "errno or datum lost"};
// The target has not this action, or not for this call.
inline constexpr base::DiagnosticId kLostAction{1308, base::Severity::warning, "action lost"};
// A conversion whose result grants a call that the source does not is always refused without --lossy.
inline constexpr base::DiagnosticId kWidens{1309, base::Severity::error, "conversion widens"};
// The target has no place for SECCOMP_FILTER_FLAG_ flags, or not for this one.
inline constexpr base::DiagnosticId kLostFlags{1310, base::Severity::warning, "filter flags lost"};
// The target has no place for the agent's socket, or not for this path.
inline constexpr base::DiagnosticId kLostListener{1311, base::Severity::warning, "listener lost"};
// The target has no comments where the source has them. Needs no --lossy.
inline constexpr base::DiagnosticId kLostComments{1312, base::Severity::warning, "comments lost"};

}  // namespace callgate::convert
