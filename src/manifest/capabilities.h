// Capability names as engines take them, and the bounding set that comes of a list of additions and removals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace callgate::manifest {

// All capabilities of Linux 6.18, "CAP_AUDIT_CONTROL" first.
const std::vector<std::string>& all_capabilities();
// "sys_admin", "SYS_ADMIN" and "CAP_SYS_ADMIN" are "CAP_SYS_ADMIN"; "all" is "ALL". Nothing checked.
std::string normal_capability(std::string_view text);
// Docker's reckoning (daemon/pkg/oci/caps): ALL in `add` gives all but those dropped; ALL in `drop` leaves only those
// added. Errors: invalid, an unknown name, in the daemon's words.
base::Result<std::vector<std::string>> bounding_set(const std::vector<std::string>& defaults,
                                                    const std::vector<std::string>& add,
                                                    const std::vector<std::string>& drop, bool privileged);

}  // namespace callgate::manifest
