// Tests of profiles: what is wrong with a file of them, and what does not hold (CG71xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::expect {

// The file is no test: a key that is not known or has a value of another kind, or `profile` or `expect` is missing.
inline constexpr base::DiagnosticId kBadTest{7101, base::Severity::error, "malformed test"};
// The key of an expectation is neither an action nor a relation between profiles.
inline constexpr base::DiagnosticId kBadExpectation{7102, base::Severity::error, "unknown expectation"};
// What is expected of is no call, or says something of its arguments that cannot be read.
inline constexpr base::DiagnosticId kBadPattern{7103, base::Severity::error, "malformed call"};
// The profile answers otherwise; the message has a call on which it does.
inline constexpr base::DiagnosticId kFailed{7110, base::Severity::error, "expectation does not hold"};

}  // namespace callgate::expect
