// SPDX-License-Identifier: Apache-2.0
#include "kube/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace callgate::kube {

namespace {

// A number in units of 10^-places.
struct Decimal {
  std::uint64_t digits = 0;
  int places = 0;
};
constexpr std::size_t kMostDigits = 17;

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal out;
  std::size_t count = 0;
  bool dot = false;
  for (const char c : text) {
    if (c == '.') {
      if (dot) return std::nullopt;
      dot = true;
      continue;
    }
    if (c < '0' || c > '9' || ++count > kMostDigits) return std::nullopt;
    out.digits = out.digits * 10 + static_cast<std::uint64_t>(c - '0');
    out.places += dot ? 1 : 0;
  }
  return count == 0 ? std::nullopt : std::optional(out);
}

struct Suffix {
  std::string_view text;
  int power;  // of ten, or of 1024
};
constexpr std::array<Suffix, 10> kDecimal{
    {{"", 0}, {"n", -9}, {"u", -6}, {"m", -3}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"P", 15}, {"E", 18}}};
constexpr std::array<Suffix, 6> kBinary{{{"Ki", 1}, {"Mi", 2}, {"Gi", 3}, {"Ti", 4}, {"Pi", 5}, {"Ei", 6}}};

template <std::size_t N>
std::optional<int> power_of(const std::array<Suffix, N>& table, std::string_view text) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Suffix& row) { return row.text == text; });
  return found == table.end() ? std::nullopt : std::optional(found->power);
}

// Takes out of the number what it can, so that the product stays small: value = digits * 10^-places.
void trim(Decimal& value) {
  while (value.places > 0 && value.digits % 10 == 0) {
    value.digits /= 10;
    --value.places;
  }
}

// In thousandths, rounded up; nothing for whole numbers.
std::optional<std::uint64_t> thousandths(Decimal value) {
  trim(value);
  if (value.places <= 0 || value.digits == 0) return std::nullopt;
  std::uint64_t out = value.digits;
  bool rounded = false;
  for (; value.places > 3; --value.places) {
    rounded = rounded || out % 10 != 0;
    out /= 10;
  }
  for (; value.places < 3; ++value.places) {
    if (out > UINT64_MAX / 10) return std::nullopt;
    out *= 10;
  }
  out += rounded ? 1 : 0;
  return out % 1000 == 0 ? std::nullopt : std::optional(out);
}

}  // namespace

std::optional<std::string> fractional_quantity(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  auto value = read_decimal(text.substr(0, end));
  if (!value) return std::nullopt;
  const std::string_view suffix = text.substr(end);
  std::string_view unit = "m";
  if (const auto binary = power_of(kBinary, suffix)) {
    // Each factor of two takes a five out of the places: 1024 = 2^10.
    for (int i = 0; i < *binary * 10; ++i) {
      if (value->places > 0 && value->digits % 5 == 0) {
        value->digits /= 5;
        --value->places;
      } else if (value->digits > UINT64_MAX / 2) {
        return std::nullopt;
      } else {
        value->digits *= 2;
      }
    }
  } else if (const auto decimal = power_of(kDecimal, suffix)) {
    value->places -= *decimal;
  } else if (suffix.size() > 1 && (suffix.front() == 'e' || suffix.front() == 'E')) {
    std::string_view exponent = suffix.substr(1);
    if (exponent.front() == '+') exponent.remove_prefix(1);
    int power = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
    if (read.ec != std::errc() || read.ptr != exponent.data() + exponent.size() || power < -1000 || power > 1000)
      return std::nullopt;
    value->places -= power;
    unit = "e-3";
  } else {
    return std::nullopt;
  }
  const auto stored = thousandths(*value);
  return stored ? std::optional(fmt::format("{}{}", *stored, unit)) : std::nullopt;
}

}  // namespace callgate::kube
