// minijail policies: what their reader and writer share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

std::optional<Reading> read_minijail(const base::SourceFile& file, const ReadContext& context,
                                     base::Diagnostics& diagnostics);
base::Result<Written> write_minijail(const Source& source, const WriteOptions& options);
bool is_minijail(std::string_view text);

// The value of a named constant on an architecture. `errno_first`: the name stands where an error is wanted.
std::optional<std::uint64_t> minijail_constant(arch::Arch arch, std::string_view name, bool errno_first);

}  // namespace callgate::convert
