// What callgate itself says of Compose projects (CG81xx), beside what docker compose would say.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::compose {

// A variable without a value or default; Compose goes on with an empty string.
inline constexpr base::DiagnosticId kUnsetVariable{8101, base::Severity::warning, "unset variable in a Compose file"};
// The attribute 'version' has no effect any more.
inline constexpr base::DiagnosticId kObsoleteVersion{8102, base::Severity::warning, "obsolete 'version'"};
// A word that YAML 1.1 took for a boolean; Compose still does, with a warning.
inline constexpr base::DiagnosticId kOldBoolean{8103, base::Severity::warning, "YAML 1.1 boolean in a Compose file"};
// A project larger than callgate is willing to load: files, values, or what variables expand to.
inline constexpr base::DiagnosticId kProjectLimit{8104, base::Severity::error, "Compose project too large"};
// More than one file in the directory could be the project's, and Compose takes one of them.
inline constexpr base::DiagnosticId kSeveralFiles{8105, base::Severity::warning, "several Compose files"};
// An old way to say something, which Compose still takes with a warning.
inline constexpr base::DiagnosticId kDeprecatedForm{8106, base::Severity::warning, "deprecated form in a Compose file"};
// A remote file (Git, OCI) that Compose would download; callgate opens no connection.
inline constexpr base::DiagnosticId kRemoteFile{8107, base::Severity::error, "remote Compose file"};
// A project whose services were to be recorded, and which Compose would refuse to load.
inline constexpr base::DiagnosticId kNotLoaded{8108, base::Severity::error, "Compose project that does not load"};

}  // namespace callgate::compose
