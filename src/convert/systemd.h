// systemd's filters: what their reader and writer share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

std::optional<Reading> read_systemd(const base::SourceFile& file, const ReadContext& context,
                                    base::Diagnostics& diagnostics);

// "x86-64", as SystemCallArchitectures= has it; empty or nothing where it has none.
std::string_view systemd_name(arch::Arch arch);
std::optional<arch::Arch> systemd_architecture(std::string_view name);
// Those that systemd makes filters for on such a machine.
std::vector<arch::Arch> systemd_local_architectures(arch::Arch native);

}  // namespace callgate::convert
