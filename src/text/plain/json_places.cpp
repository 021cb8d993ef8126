// Byte by byte. Where a word holds a backslash, simdjson may see a quote in it that this does not, or the other way
// round: neither reading is JSON.
// SPDX-License-Identifier: Apache-2.0
#include "text/json_places.h"
#include "text/json_token.h"

namespace callgate::text {

namespace {

// The index behind the string that begins at `at`; 0 if it does not end, or holds what no string may.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '"') return at + 1;
    if (byte < 0x20) return 0;
    if (byte == '\\') {
      // What is escaped is looked at like anything else, but for a quote and another backslash.
      const bool pair = at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
      at += pair ? 2U : 1U;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 1 : utf8_sequence_length(text.substr(at));
    if (length == 0) return 0;
    at += length;
  }
  return 0;
}

}  // namespace

std::optional<JsonPlaces> find_json_places(std::string_view text) {
  JsonPlaces out{std::make_unique<std::uint32_t[]>(text.size() + 2), 0};
  const auto add = [&](std::size_t place) { out.places[out.count++] = static_cast<std::uint32_t>(place); };
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' && !in_word) {
      add(at);
      at = end_of_string(text, at);
      if (at == 0) return std::nullopt;
    } else if (is_json_space(c) || c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':') {
      if (!is_json_space(c)) add(at);
      in_word = false;
      ++at;
    } else {
      if (!in_word) add(at);
      in_word = true;
      const std::size_t length = utf8_sequence_length(text.substr(at));
      if (length == 0) return std::nullopt;
      at += length;
    }
  }
  if (out.count == 0) return std::nullopt;
  out.places[out.count] = static_cast<std::uint32_t>(text.size());
  return out;
}

}  // namespace callgate::text
