// The lexical rules of RFC 8259 that the fast reader and the error finder share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace callgate::text {

inline bool is_json_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// How many bytes of `text` are the longest valid number from its start; 0 for none.
std::size_t json_number_length(std::string_view text);

// The bytes of the escape sequence that `text` begins with (2, 6, or 12 for a surrogate pair), appended to `out` as
// UTF-8; 0 if it is not one. A surrogate without its partner names no character and is refused.
std::size_t decode_json_escape(std::string_view text, std::string& out);

// What stands between a string's quotes, decoded; nothing if an escape is wrong.
std::optional<std::string> decode_json_string(std::string_view inner);

// The length of the UTF-8 sequence `text` begins with (RFC 3629: shortest form, no surrogates, at most U+10FFFF); 0
// if it begins with none.
std::size_t utf8_sequence_length(std::string_view text);

}  // namespace callgate::text
