// The first stage of reading JSON: the place of every bracket, comma, colon, string and bare word outside of strings.
// It also refuses what is wrong below the grammar: invalid UTF-8, control characters in a string, an unclosed string,
// a text of white space alone. A bare word begins after white space, a string's end or a bracket, comma or colon, and
// a quote inside of a bare word is part of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace callgate::text {

struct JsonPlaces {
  std::unique_ptr<std::uint32_t[]> places;  // after the last one stands the text's length
  std::uint32_t count = 0;                  // without that
};

// Two files define it, and a program links one of them: json_places.cpp by simdjson, which reads up to
// base::kPaddingBytes behind the text; plain/json_places.cpp for programs without it.
std::optional<JsonPlaces> find_json_places(std::string_view text);

}  // namespace callgate::text
