// Source: Go's strconv/quote.go, strconv/atob.go.
// SPDX-License-Identifier: Apache-2.0
#include "manifest/go_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace callgate::manifest {

namespace {

struct Rune {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool good = false;
};

// One character of UTF-8; a byte that begins none is not good.
Rune decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {first, 1, false};
  std::uint32_t value = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {first, 1, false};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kLeast[bytes] || value > 0x10ffff || surrogate) return {first, 1, false};
  return {value, bytes, true};
}

// unicode.IsPrint without its long tables: what is unassigned counts as printable here.
bool printable(std::uint32_t rune) {
  struct Range {
    std::uint32_t first, last;
  };
  constexpr std::array<Range, 8> kHidden{{{0x7f, 0xa0},
                                          {0xad, 0xad},
                                          {0x2000, 0x200f},
                                          {0x2028, 0x202f},
                                          {0x205f, 0x206f},
                                          {0xe000, 0xf8ff},
                                          {0xfeff, 0xfeff},
                                          {0xfff0, 0xfffb}}};
  return rune >= 0x20 && std::none_of(kHidden.begin(), kHidden.end(),
                                      [&](Range range) { return rune >= range.first && rune <= range.last; });
}

std::string escaped(std::uint32_t rune) {
  constexpr std::string_view kNamed = "abtnvfr";  // 7 to 13
  if (rune >= 7 && rune <= 13) return {'\\', kNamed[rune - 7]};
  if (rune < 0x20 || rune == 0x7f) return fmt::format("\\x{:02x}", rune);
  return rune < 0x10000 ? fmt::format("\\u{:04x}", rune) : fmt::format("\\U{:08x}", rune);
}

}  // namespace

std::string go_quote(std::string_view text, char quote) {
  std::string out(1, quote);
  while (!text.empty()) {
    const Rune rune = decode(text);
    if (!rune.good) {
      out += fmt::format("\\x{:02x}", rune.value);
    } else if (rune.value == '\\' || rune.value == static_cast<std::uint32_t>(quote)) {
      out += {'\\', text.front()};
    } else if (printable(rune.value)) {
      out += text.substr(0, rune.bytes);
    } else {
      out += escaped(rune.value);
    }
    text.remove_prefix(rune.bytes);
  }
  return out + quote;
}

std::string go_json_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode(text);
    const char first = text.front();
    if (!rune.good)
      out += "\\ufffd";
    else if (first == '"' || first == '\\')
      out += {'\\', first};
    else if (rune.value >= 8 && rune.value <= 13 && rune.value != 11)
      out += {'\\', "btn fr"[rune.value - 8]};
    else if (rune.value < 0x20 || first == '<' || first == '>' || first == '&' || rune.value == 0x2028 ||
             rune.value == 0x2029)
      out += fmt::format("\\u{:04x}", rune.value);
    else
      out += text.substr(0, rune.bytes);
    text.remove_prefix(rune.bytes);
  }
  return out + '"';
}

std::string go_quote_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if (value < 0x80) return go_quote(std::string_view(&byte, 1), '\'');
  const std::string utf8{static_cast<char>(0xc0 | (value >> 6)), static_cast<char>(0x80 | (value & 0x3f))};
  return go_quote(utf8, '\'');
}

std::optional<bool> go_parse_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse{"0", "f", "F", "false", "FALSE", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace callgate::manifest
