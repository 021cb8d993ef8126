// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/load.h"

namespace callgate::scan {

// No program is larger (a debugger's, or a language's runtime, comes to some hundred MiB; with data in it, to more).
inline constexpr std::size_t kMaxFileBytes = std::size_t{4} << 30;

// Reads regular files, and directories, as a program sees them whose root directory is `root`: absolute links and ".."
// stay below it.
Library::Read reader(std::string root);

}  // namespace callgate::scan
