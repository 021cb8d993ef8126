// Small text helpers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace callgate::base {

// Decimal, 0x hexadecimal or 0 octal; nothing else in the text, 64 bits.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);  // ASCII
std::string to_lower(std::string_view text);                      // ASCII
// The candidate closest to `word` by edit distance (transpositions count one), if it is close enough to suggest.
std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> candidates);
// Control characters, invalid UTF-8 and terminal escapes made visible, at most `max_chars` characters; for messages.
std::string printable(std::string_view text, std::size_t max_chars = 60);

}  // namespace callgate::base
