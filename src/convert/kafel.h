// kafel policies: what their reader and writer share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

std::optional<Reading> read_kafel(const base::SourceFile& file, const ReadContext& context,
                                  base::Diagnostics& diagnostics);
base::Result<Written> write_kafel(const Source& source, const WriteOptions& options);
bool is_kafel(std::string_view text);

}  // namespace callgate::convert
