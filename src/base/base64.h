// Base64 (RFC 4648, with padding), as crun takes filters in an annotation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callgate::base {

std::string to_base64(std::string_view bytes);
// Nothing for what to_base64() does not write: other digits, missing or misplaced padding, bits left over.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace callgate::base
