// firejail profiles: what their reader and writer share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

std::optional<Reading> read_firejail(const base::SourceFile& file, const ReadContext& context,
                                     base::Diagnostics& diagnostics);

}  // namespace callgate::convert
