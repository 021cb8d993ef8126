// The two halves of seccompiler's format (Firecracker and other Rust virtual machine monitors), for each other.
//
// A file maps names to filters: {"mismatch_action", "match_action", "filter": [{"syscall", "args", "comment"}]}, where
// a condition is {"index", "type": "dword" or "qword", "op", "val"}. One architecture, x86_64, aarch64 or riscv64,
// which the file does not name; all others are killed with their process. Rules of one call are joined by OR.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

bool sniff_seccompiler(std::string_view text);
std::optional<Reading> read_seccompiler(const base::SourceFile& file, const ReadContext& context,
                                        base::Diagnostics& diagnostics);
bool seccompiler_has(arch::Arch arch);

}  // namespace callgate::convert
