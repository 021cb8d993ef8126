// What Compose files say briefly, said at length: "src:/target:ro" as a mapping, "redis" as {redis: {condition: …}}, so
// that two files can be compared and merged (compose-go's transform package).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"
#include "compose/value.h"

namespace callgate::compose {

Loaded<bool> write_out(Value& model, base::Diagnostics& diagnostics);
// The mapping that a volume's short form stands for, and where it is mounted.
Loaded<Value> volume_mapping(const Value& short_form);
Loaded<std::string> volume_target(const Value& short_form);
// An IP address of version 4 or 6.
bool is_address(const std::string& text);
// A port's short form as a mapping; a range stays one entry.
Loaded<Value> port_mapping(const Value& short_form);

}  // namespace callgate::compose
