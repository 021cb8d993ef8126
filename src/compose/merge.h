// How a later file's model, or an extending service, is laid over an earlier one, and which repeated entries of lists
// are one (compose-go's override package). SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compose/value.h"

namespace callgate::compose {

// `base` with `over` on top.
Loaded<Value> merge_models(Value base, Value over);
Loaded<Value> merge_services(Value base, Value over);
// Later entries of the same name, mount or port take the place of earlier ones, in the lists where Compose says so.
Loaded<bool> drop_repeats(Value& model);

}  // namespace callgate::compose
