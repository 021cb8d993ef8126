// What Compose adds to a merged model, and what it checks beyond the schema. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compose/value.h"

namespace callgate::compose {

void set_defaults(Value& model);
// Attributes that exclude each other (compose-go's validation package).
Loaded<bool> validate(const Value& model);
// Implicit networks and dependencies (loader/normalize.go).
void normalize(Value& model);

}  // namespace callgate::compose
