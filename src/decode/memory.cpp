// SPDX-License-Identifier: Apache-2.0
#include "decode/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace callgate::decode {

std::optional<std::uint64_t> read_word(const Memory& memory, std::uint64_t address, std::size_t bytes) {
  std::array<std::byte, 8> raw{};
  if (!memory || bytes > raw.size() || memory(address, std::span(raw).first(bytes)) < bytes) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(raw[i]);
  return value;
}

std::string quote(std::string_view bytes, bool cut) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + (cut ? "\"…" : "\"");
}

std::optional<std::string> read_text(const Memory& memory, std::uint64_t address, std::size_t most) {
  if (!memory || address == 0) return std::nullopt;
  std::vector<std::byte> raw(most + 1);
  const std::size_t got = std::min(memory(address, raw), raw.size());
  const auto* const chars = reinterpret_cast<const char*>(raw.data());
  const std::string_view text(chars, got);
  const std::size_t end = text.find('\0');
  if (end != std::string_view::npos) return quote(text.substr(0, end));
  if (got == 0) return std::nullopt;
  return quote(text.substr(0, std::min(got, most)), true);
}

}  // namespace callgate::decode
