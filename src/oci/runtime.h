// Whether a program is a runtime that takes ready filters, asked of itself: crun from 0.18 on, built with seccomp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace callgate::oci {

// The first bytes that `path --version` prints. Errors: io, if it cannot be run, fails or does not end in time.
base::Result<std::string> ask_version(const std::string& path);

// Why a runtime that calls itself so does not take filters; nothing if it does. `answer`: as above.
std::optional<std::string> takes_no_filters(std::string_view answer);

}  // namespace callgate::oci
