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
// Takes one of the elements out of a list, which are its places and not just this one.
Edit remove_one(std::span<const base::Span> list, const base::Span& element);
// Puts `element` (JSON) behind the last one of a list, indented as that is.
Edit append_element(text::Node list, std::string_view element);

}  // namespace callgate::lint
