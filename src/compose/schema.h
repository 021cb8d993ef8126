// The Compose file's schema (compose-spec.json as docker compose 2.40 has it), and what that program says of a file
// that breaks it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "compose/value.h"

namespace callgate::compose {

// The finding that Compose reports: of all, the first of those deepest in the file ("services.a.security_opt must be a
// array"). Nothing if the file keeps to the schema.
std::optional<Refusal> check_schema(const Value& file);

}  // namespace callgate::compose
