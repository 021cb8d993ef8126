// SPDX-License-Identifier: Apache-2.0
#include "kube/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace callgate::kube {

namespace {

constexpr WideInteger kOne = 1'000'000'000;  // nanos
constexpr WideInteger kMost = WideInteger{INT64_MAX} * kOne;
constexpr std::array<std::string_view, 10> kDecimal{"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr std::array<std::string_view, 7> kBinary{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
constexpr std::size_t kMostDigits = 17;
constexpr int kDecimalOne = 3;  // the index of "" in kDecimal

struct Digits {
  std::uint64_t value = 0;
  int places = 0;
};

std::optional<Digits> read_digits(std::string_view text) {
  Digits out;
  std::size_t count = 0;
  bool dot = false;
  for (const char c : text) {
    if (c == '.') {
      if (dot) return std::nullopt;
      dot = true;
      continue;
    }
    if (++count > kMostDigits) return std::nullopt;
    out.value = out.value * 10 + static_cast<std::uint64_t>(c - '0');
    out.places += dot ? 1 : 0;
  }
  return count == 0 ? std::nullopt : std::optional(out);
}

// value * 10^power, rounded up; nothing beyond the most.
std::optional<WideInteger> scaled(WideInteger value, int power) {
  for (; power > 0 && value != 0; --power) {
    value *= 10;
    if (value > kMost) return std::nullopt;
  }
  bool rest = false;
  for (; power < 0; ++power) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  return value + (rest ? 1 : 0);
}

template <std::size_t N>
std::optional<int> index_of(const std::array<std::string_view, N>& list, std::string_view word) {
  const auto at = std::find(list.begin(), list.end(), word);
  return at == list.end() ? std::nullopt : std::optional(static_cast<int>(at - list.begin()));
}

std::optional<int> exponent(std::string_view suffix) {
  if (suffix.size() < 2 || (suffix.front() != 'e' && suffix.front() != 'E')) return std::nullopt;
  suffix.remove_prefix(suffix[1] == '+' ? 2 : 1);
  int power = 0;
  constexpr int kLargest = 1000;
  const auto read = std::from_chars(suffix.data(), suffix.data() + suffix.size(), power);
  if (read.ec != std::errc() || read.ptr != suffix.data() + suffix.size()) return std::nullopt;
  return power < -kLargest || power > kLargest ? std::nullopt : std::optional(power);
}

std::string binary_text(WideInteger whole) {
  std::size_t suffix = 0;
  for (; suffix + 1 < kBinary.size() && whole % 1024 == 0; ++suffix) whole /= 1024;
  return fmt::format("{}{}", static_cast<std::int64_t>(whole), kBinary[suffix]);
}

}  // namespace

std::optional<Quantity> read_quantity(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto digits = read_digits(text.substr(0, end));
  if (!digits) return std::nullopt;
  const std::string_view suffix = text.substr(end);
  Quantity out;
  std::optional<WideInteger> nanos;
  constexpr int kNano = 9;
  if (const auto decimal = index_of(kDecimal, suffix)) {
    nanos = scaled(digits->value, kNano - digits->places + (*decimal - kDecimalOne) * 3);
  } else if (const auto binary = index_of(kBinary, suffix)) {
    WideInteger value = digits->value;
    for (int i = 0; i < *binary; ++i) {
      value *= 1024;
      if (value > kMost) return std::nullopt;
    }
    nanos = scaled(value, kNano - digits->places);
    out.format = Quantity::Format::binary;
  } else if (const auto power = exponent(suffix)) {
    nanos = scaled(digits->value, kNano - digits->places + *power);
    out.format = Quantity::Format::exponent;
  }
  if (!nanos) return std::nullopt;
  out.nanos = negative ? -*nanos : *nanos;
  return out;
}

bool is_whole(const Quantity& amount) {
  return amount.nanos % kOne == 0;
}

Quantity stored(Quantity amount) {
  constexpr WideInteger kThousandth = 1'000'000;
  const WideInteger rest = amount.nanos % kThousandth;
  if (rest > 0) amount.nanos += kThousandth - rest;
  if (rest < 0) amount.nanos -= rest;
  return amount;
}

std::string canonical(const Quantity& amount) {
  const bool negative = amount.nanos < 0;
  WideInteger value = negative ? -amount.nanos : amount.nanos;
  const std::string sign = negative ? "-" : "";
  if (value == 0) return "0";
  if (amount.format == Quantity::Format::binary && value % kOne == 0 && value / kOne >= 1024)
    return sign + binary_text(value / kOne);
  std::size_t suffix = 0;
  for (; suffix + 1 < kDecimal.size() && value % 1000 == 0; ++suffix) value /= 1000;
  const std::string number = sign + fmt::format("{}", static_cast<std::int64_t>(value));
  if (amount.format != Quantity::Format::exponent) return number + std::string(kDecimal[suffix]);
  const int power = (static_cast<int>(suffix) - kDecimalOne) * 3;
  return power == 0 ? number : fmt::format("{}e{}", number, power);
}

std::optional<std::string> fractional_quantity(std::string_view text) {
  constexpr WideInteger kThousandth = 1'000'000;
  auto amount = read_quantity(text);
  if (!amount) return std::nullopt;
  if (is_negative(*amount)) amount->nanos = -amount->nanos;
  amount = stored(*amount);
  if (is_whole(*amount)) return std::nullopt;
  return fmt::format("{}{}", static_cast<std::int64_t>(amount->nanos / kThousandth),
                     amount->format == Quantity::Format::exponent ? "e-3" : "m");
}

}  // namespace callgate::kube
