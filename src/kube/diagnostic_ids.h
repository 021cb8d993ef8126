// What can be wrong with Kubernetes objects and a node's configuration files (CG82xx).
// docs/diagnostics.md is made from these lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::kube {

// A setting of containerd, CRI-O or the kubelet has another type than the program takes.
inline constexpr base::DiagnosticId kConfigType{8251, base::Severity::error, "wrong type in a node's configuration"};
// containerd's configuration says a version that there is not.
inline constexpr base::DiagnosticId kConfigVersion{8252, base::Severity::error, "unknown configuration version"};
// A file that containerd's configuration imports could not be read, or lies elsewhere and is not opened.
inline constexpr base::DiagnosticId kConfigImport{8253, base::Severity::warning, "imported configuration not read"};
// The file given as the kubelet's configuration is another object.
inline constexpr base::DiagnosticId kConfigKind{8254, base::Severity::error, "not a kubelet configuration"};
// A file that was named could not be opened.
inline constexpr base::DiagnosticId kCannotOpen{8255, base::Severity::error, "cannot open a named file"};
// The command line of podman kube play is not complete, or has an option that it does not know.
inline constexpr base::DiagnosticId kPlayUsage{8256, base::Severity::error, "wrong podman kube play command line"};

}  // namespace callgate::kube
