// Variables in all strings of a model, and strings made numbers and booleans where Compose wants those.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"
#include "compose/substitute.h"
#include "compose/value.h"

namespace callgate::compose {

// Warns of variables that are not set, in Compose's words. `budget`: bytes that may still come of variables.
Loaded<bool> interpolate(Value& model, const Lookup& lookup, std::size_t& budget, base::Diagnostics& diagnostics);
// "true", "yes", "on", … as a boolean; nothing for other words. `warn`: the word is none of YAML 1.2's.
Loaded<Value> as_boolean(const Value& text, base::Diagnostics& diagnostics);

}  // namespace callgate::compose
