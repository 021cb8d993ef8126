// SPDX-License-Identifier: Apache-2.0
#include "closure/facts.h"

#include <algorithm>
#include <array>

namespace callgate::closure {

namespace {

struct Purpose {
  std::string_view call, purpose;
};

#include "closure/facts.inc"

template <class Row, std::size_t N, class Same>
const Row* find_in(const std::array<Row, N>& rows, const Same& same) {
  const auto found = std::ranges::find_if(rows, same);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Always> always() {
  return kAlways;
}

const Caution* find_caution(std::string_view capability, std::string_view call) {
  return find_in(kCaution, [&](const Caution& row) { return row.capability == capability && row.call == call; });
}

const Risky* find_risky(std::string_view call, std::uint8_t arg) {
  return find_in(kRisky, [&](const Risky& row) { return row.call == call && row.arg == arg; });
}

std::span<const Fallback> fallbacks() {
  return kFallbacks;
}

std::string_view purpose(std::string_view call) {
  const Purpose* const found = find_in(kPurposes, [&](const Purpose& row) { return row.call == call; });
  return found == nullptr ? std::string_view() : found->purpose;
}

}  // namespace callgate::closure
