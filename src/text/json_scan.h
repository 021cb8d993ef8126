// Finds the first place where a text breaks RFC 8259, slowly and exactly. The fast reader only says that something is
// wrong; this says what, where, and what to do. It builds nothing, so it also guards very large texts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"
#include "base/source.h"
#include "text/node.h"

namespace callgate::text {

// True if the whole text is one JSON value within the limits; otherwise one error has been added.
bool scan_json(const base::SourceFile& file, base::Diagnostics& diagnostics, const ReadLimits& limits);

}  // namespace callgate::text
