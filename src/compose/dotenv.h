// .env files and their kin (compose-go's dotenv package). SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/source.h"
#include "compose/substitute.h"
#include "compose/value.h"

namespace callgate::compose {

// Adds the file's variables to `variables`. `lookup` comes before the file's own when values name variables.
Loaded<bool> read_dotenv(const base::SourceFile& file, const Lookup& lookup, Environment& variables);

}  // namespace callgate::compose
