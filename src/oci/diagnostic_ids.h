// What can be wrong with OCI bundles, and with filters that are handed to a runtime (CG84xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::oci {

// Not what an OCI runtime takes for a container's configuration, or for a container's state.
inline constexpr base::DiagnosticId kNotAConfig{8401, base::Severity::error, "not an OCI configuration"};
// Neither the bundle nor the command line says which calls are to be allowed: a container would run without a filter.
inline constexpr base::DiagnosticId kNoProfile{8402, base::Severity::error, "bundle without a profile"};
// A profile with SCMP_ACT_NOTIFY or a listener needs an agent that the runtime hands a descriptor to; that works only
// with filters that the runtime makes itself.
inline constexpr base::DiagnosticId kListener{8403, base::Severity::error, "profile with a listener"};
// The configuration already carries a filter, which is not the one that its profile means.
inline constexpr base::DiagnosticId kOtherFilter{8404, base::Severity::error, "another filter is there already"};
// The runtime does not take ready filters: it would make one of its own, or none. crun does from 0.18 on.
inline constexpr base::DiagnosticId kNoReadyFilters{8405, base::Severity::error, "runtime takes no ready filter"};
// The container's profile got no filter of callgate's: the precreate hook did not run before this one.
inline constexpr base::DiagnosticId kNotDelivered{8406, base::Severity::error, "container without callgate's filter"};
// The container's first process is not under the filter that it was given; it was killed.
inline constexpr base::DiagnosticId kNotInForce{8407, base::Severity::error, "another filter is in force"};

}  // namespace callgate::oci
