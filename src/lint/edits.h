// Edits of a JSON text by spans.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lint/lint.h"
#include "text/node.h"

namespace callgate::lint {

// Takes elements out of a list, with their commas; not all of them.
std::vector<Edit> remove_elements(text::Node list, std::span<const base::Span> elements);
// Puts `element` (JSON) behind the last one of a list, indented as that is.
Edit append_element(text::Node list, std::string_view element);

}  // namespace callgate::lint
