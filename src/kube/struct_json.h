// Values as they stand in the server's messages where they are no plain text or number: encoding/json of its structs.
// Types of the API's versions leave out what is empty; the server's own name every field, null where it is not set.
// Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "text/node.h"

namespace callgate::kube::json {

// A field's name in Go and in the API.
using Names = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string text(std::string_view value);
std::string scalar(text::Node node);
std::string list(text::Node node);
std::string map(text::Node node);  // of texts, sorted; null where it is empty
// Fields that are pointers, and those that are texts.
std::string pointers(text::Node node, Names fields);
std::string texts(text::Node node, Names fields);

std::string security_context(text::Node node);
std::string label_selector(text::Node node);
std::string owner_reference(text::Node node);

}  // namespace callgate::kube::json
