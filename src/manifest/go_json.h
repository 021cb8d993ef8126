// JSON as Go's encoding/json takes and rewords it. Engines hand its errors on, so they are told in its words; text/
// reads the same texts with places.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace callgate::manifest {

struct GoJsonError {
  std::string message;     // "invalid character '}' looking for beginning of object key string"
  std::size_t offset = 0;  // of the byte that shows it; the text's size at its end
};

// json.Compact: the text without the white space between its tokens. Nothing else is looked at: numbers, escapes and
// bytes that are no UTF-8 stay as they are.
tl::expected<std::string, GoJsonError> go_compact(std::string_view text);

}  // namespace callgate::manifest
