// SPDX-License-Identifier: Apache-2.0
#include "text/json_token.h"

#include <charconv>
#include <cstdint>

namespace callgate::text {
namespace {

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  if (error != std::errc() || end != text.data() + 6) return std::nullopt;
  return unit;
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  const auto tail = [&put, point](unsigned shift) { put(0x80U | ((point >> shift) & 0x3fU)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0U | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    put(0xe0U | (point >> 12));
    tail(6);
    tail(0);
  } else {
    put(0xf0U | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::size_t json_number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0) return 0;
  at += text[at] == '0' ? 1 : whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return at;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool has_sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
    const std::size_t first = at + (has_sign ? 2 : 1);
    const std::size_t exponent = digits_at(text, first);
    if (exponent != 0) at = first + exponent;
  }
  return at;
}

std::size_t decode_json_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t which = kNames.find(text[1]); which != std::string_view::npos) {
    out.push_back(kMeanings[which]);
    return 2;
  }
  const auto first = hex4(text);
  if (!first) return 0;
  if (*first < 0xd800 || *first > 0xdfff) {
    append_utf8(*first, out);
    return 6;
  }
  const auto second = hex4(text.substr(6));
  if (*first > 0xdbff || !second || *second < 0xdc00 || *second > 0xdfff) return 0;
  append_utf8(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00), out);
  return 12;
}

std::optional<std::string> decode_json_string(std::string_view inner) {
  std::string out;
  out.reserve(inner.size());
  while (!inner.empty()) {
    const std::size_t plain = inner.find('\\');
    out.append(inner.substr(0, plain));
    if (plain == std::string_view::npos) break;
    inner.remove_prefix(plain);
    const std::size_t length = decode_json_escape(inner, out);
    if (length == 0) return std::nullopt;
    inner.remove_prefix(length);
  }
  return out;
}

std::size_t utf8_sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

}  // namespace callgate::text
