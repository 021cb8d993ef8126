// What a YAML scalar means: the core schema of YAML 1.2 (yaml.org/spec/1.2.2, 10.3), so yes, no, on and off are
// strings. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "text/node.h"

namespace callgate::text {

inline constexpr std::string_view kYamlTagPrefix = "tag:yaml.org,2002:";

// The kind of an untagged plain scalar.
Kind resolve_plain(std::string_view text);

// The kind of a node with an explicit `tag`; `written` is what it would be without (a container's kind stays). Nothing
// if the text cannot be what the tag says. Tags outside YAML's own change nothing.
std::optional<Kind> resolve_tagged(std::string_view tag, Kind written, std::string_view text);

}  // namespace callgate::text
