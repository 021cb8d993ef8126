// A module's summary (what Sweep finds) as bytes for the cache, and back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/module.h"

namespace callgate::scan {

std::string pack_summary(const Module& module);
// Into a module of which only the file has been read. False, and the module is as it was, for bytes that are no
// summary: whatever they are, what is taken from them keeps to the rules that the rest of the analysis relies on.
bool unpack_summary(std::string_view bytes, Module& module);

}  // namespace callgate::scan
