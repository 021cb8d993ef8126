// Signs that a program runs code which does not stand in its file as it will be executed: packed, encrypted, or
// rewritten in place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "scan/module.h"

namespace callgate::scan {

// Why the analysis of the file's code cannot be all; nothing if there is no such sign. `entered`: the kernel enters the
// module at its entry point.
std::vector<std::string_view> unseen_code(const Module& module, bool entered);

}  // namespace callgate::scan
