// What can be wrong with what is to be resolved, as a whole (CG83xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::resolve {

// The file is neither a manifest nor does it hold command lines that make containers.
inline constexpr base::DiagnosticId kUnknownKind{8301, base::Severity::error, "nothing to resolve"};
// Documents of Compose and of Kubernetes in one file, or both behind -f: neither engine reads both.
inline constexpr base::DiagnosticId kMixedKinds{8302, base::Severity::error, "Compose and Kubernetes in one"};
// A directory with neither a Compose project nor a manifest in it.
inline constexpr base::DiagnosticId kDirectory{8303, base::Severity::error, "directory without a manifest"};
// The file is a seccomp profile: what it means is told by `explain`, what is wrong with it by `lint`.
inline constexpr base::DiagnosticId kIsProfile{8304, base::Severity::error, "a profile, not a manifest"};
// Files of a kind that callgate knows and does not resolve.
inline constexpr base::DiagnosticId kNotResolved{8305, base::Severity::error, "kind of file not resolved"};
// The words behind `--` make no container.
inline constexpr base::DiagnosticId kNoContainer{8306, base::Severity::error, "command makes no container"};

}  // namespace callgate::resolve
