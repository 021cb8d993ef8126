// A condition on a 64-bit argument, cut into what a filter can look at: its two 32-bit words. Learning one word turns
// a test into true, false, or a test of the other word alone. Two shapes are closed under that and cover all seven
// operators: an interval (or its complement), and a mask with a value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "policy/policy.h"

namespace callgate::compile {

enum class Word : std::uint8_t { low = 1, high = 2 };
constexpr std::uint8_t bit(Word word) {
  return static_cast<std::uint8_t>(word);
}
inline constexpr std::uint8_t kBothWords = 3;

struct ArgTest {
  std::uint8_t arg = 0;
  std::uint8_t words = kBothWords;  // those it depends on; of one word alone, a and b are 32-bit values
  bool masked = false;
  bool negated = false;        // intervals only
  std::uint64_t a = 0, b = 0;  // a <= x <= b; masked: (x & a) == b
  auto operator<=>(const ArgTest&) const = default;
  bool involves(std::uint8_t argument, Word word) const { return arg == argument && (words & bit(word)) != 0; }
};

// True, false, or what is still to be tested.
struct Outcome {
  bool decided = false;
  bool truth = false;
  ArgTest test;
};

// Simplified: false for an empty interval, one word where the other does not matter, no mask that is an interval.
Outcome to_test(const policy::Condition& condition);
// The outcome for all values of `word` in [first, last], given that the test (an interval) has no border inside, as
// borders() lists them.
Outcome learn_interval(const ArgTest& test, Word word, std::uint32_t first);
// Calls visit(n) for each n > 0 such that word values n-1 and n have different outcomes.
template <class Visit>
void borders(const ArgTest& test, Word word, Visit visit) {
  const auto border = [&](std::uint64_t n) {
    if (n != 0 && n <= 0xffffffff) visit(static_cast<std::uint32_t>(n));
  };
  const bool high = test.words == kBothWords && word == Word::high;
  const std::uint64_t a = high ? test.a >> 32 : test.a & 0xffffffff;
  const std::uint64_t b = high ? test.b >> 32 : test.b & 0xffffffff;
  border(a);
  border(b + 1);
  if (!high) return;
  border(a + 1);
  border(b);
}
// What a mask test asks of one word, and what is left once that holds.
struct MaskPart {
  std::uint32_t mask = 0, value = 0;
};
MaskPart mask_part(const ArgTest& test, Word word);
Outcome learn_mask(const ArgTest& test, Word word, bool part_holds);

// The numbers of [first, last] that agree with `value` on the bits of `known`.
struct Cube {
  std::uint32_t first = 0, last = 0xffffffff;
  std::uint32_t known = 0, value = 0;
};
// The least of them that is not below `first`.
std::optional<std::uint32_t> least(const Cube& cube);

}  // namespace callgate::compile
