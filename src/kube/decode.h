// An object as the server's decoder takes it: fields that the type does not have, keys given twice, values of the wrong
// JSON type. The decoder sees YAML as JSON with sorted keys, so that is the order in which it finds fault.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/source.h"
#include "kube/schema.h"
#include "text/node.h"

namespace callgate::kube {

struct Fault {
  std::string text;  // `unknown field "spec.x"`, `line 10: key "x" already set in map`
  base::Span place;
};

struct Decoded {
  std::vector<Fault> repeated;  // keys, in document order
  std::vector<Fault> unknown;   // fields, in the decoder's order
  // What stops the decoding whatever the field validation: "json: cannot unmarshal …".
  std::optional<Fault> wrong;
};

Decoded decode(text::Node object, const Struct& type);

// "strict decoding error: …", as the server joins them; empty if there is nothing to say.
std::string strict_error(const Decoded& decoded);

}  // namespace callgate::kube
