// What can be wrong with command lines, scripts, daemon configurations and inspected containers (CG80xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::container {

// An option that decides about the filter (`--security-opt`, `--privileged`, a capability) holds a variable, or the
// output of a command, that neither the script nor the environment sets. What it would be is not guessed: give it in
// the environment.
inline constexpr base::DiagnosticId kUnknownVariable{8001, base::Severity::error, "variable not known"};
// A variable that is not known stands, unquoted, among the options of a command line: it is taken for empty, and
// options in it are not seen.
inline constexpr base::DiagnosticId kHiddenOptions{8002, base::Severity::warning, "options in an unknown variable"};
// daemon.json is no JSON object, or a value in it has another type than dockerd wants: dockerd does not start with it.
inline constexpr base::DiagnosticId kBadDaemonJson{8003, base::Severity::error, "malformed daemon.json"};
// dockerd refuses to start with a directive that it does not know.
inline constexpr base::DiagnosticId kUnknownDirective{8004, base::Severity::error, "unknown directive in daemon.json"};
// The file that `seccomp-profile` names cannot be read: dockerd does not start.
inline constexpr base::DiagnosticId kDaemonProfile{8005, base::Severity::error, "daemon's profile not readable"};
// A runtime that dockerd would not take: a reserved name, a default that is not configured, neither path nor type.
inline constexpr base::DiagnosticId kBadRuntime{8006, base::Severity::error, "malformed runtime in daemon.json"};
// A value of the JSON of `inspect` is not what engines write there.
inline constexpr base::DiagnosticId kBadInspect{8007, base::Severity::error, "malformed inspect output"};
// A value of containers.conf has another type than Podman wants: Podman does not start with it.
inline constexpr base::DiagnosticId kBadContainersConf{8009, base::Severity::error, "malformed containers.conf"};
// An engine's socket does not answer as an engine does.
inline constexpr base::DiagnosticId kBadSocket{8008, base::Severity::error, "engine not reachable"};

}  // namespace callgate::container
