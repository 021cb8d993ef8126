// See arg_test.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/arg_test.h"

namespace callgate::compile {

namespace {

constexpr std::uint64_t kMaxWord = 0xffffffff;
constexpr std::uint64_t kMax = ~std::uint64_t{0};

Outcome decided(bool truth) {
  return {true, truth, {}};
}

// An interval of the words in test.words; `low` and `high` are inclusive.
Outcome interval(ArgTest test, std::uint64_t low, std::uint64_t high) {
  const std::uint64_t max = test.words == kBothWords ? kMax : kMaxWord;
  if (low > high) return decided(test.negated);
  if (low == 0 && high == max) return decided(!test.negated);
  test.masked = false;
  if (test.negated && low == 0) {
    test.negated = false;
    low = high + 1;
    high = max;
  } else if (test.negated && high == max) {
    test.negated = false;
    high = low - 1;
    low = 0;
  }
  if (test.words == kBothWords && (low & kMaxWord) == 0 && (high & kMaxWord) == kMaxWord) {
    test.words = bit(Word::high);
    low >>= 32;
    high >>= 32;
  }
  test.a = low;
  test.b = high;
  return {false, false, test};
}

Outcome masked(ArgTest test, std::uint64_t mask, std::uint64_t value) {
  if ((value & ~mask) != 0) return decided(false);
  if (mask == 0) return decided(true);
  if (test.words == kBothWords && (mask >> 32) == 0) {
    test.words = bit(Word::low);
  } else if (test.words == kBothWords && (mask & kMaxWord) == 0) {
    test.words = bit(Word::high);
    mask >>= 32;
    value >>= 32;
  }
  // A mask of the topmost bits is an interval.
  const std::uint64_t rest = (test.words == kBothWords ? kMax : kMaxWord) & ~mask;
  if ((rest & (rest + 1)) == 0) return interval(test, value, value | rest);
  test.masked = true;
  test.a = mask;
  test.b = value;
  return {false, false, test};
}

}  // namespace

Outcome to_test(const policy::Condition& condition) {
  using policy::Op;
  ArgTest test;
  test.arg = condition.arg;
  const std::uint64_t v = condition.value;
  switch (condition.op) {
    case Op::masked_eq:
      return masked(test, condition.mask, v);
    case Op::ne:
      test.negated = true;
      return interval(test, v, v);
    case Op::lt:
      return v == 0 ? decided(false) : interval(test, 0, v - 1);
    case Op::le:
      return interval(test, 0, v);
    case Op::gt:
      return v == kMax ? decided(false) : interval(test, v + 1, kMax);
    case Op::ge:
      return interval(test, v, kMax);
    case Op::eq:
      break;
  }
  return interval(test, v, v);
}

Outcome learn_interval(const ArgTest& test, Word word, std::uint32_t first) {
  const std::uint64_t x = first;
  if (test.words != kBothWords) return decided((test.a <= x && x <= test.b) != test.negated);
  const std::uint64_t low_a = test.a & kMaxWord, low_b = test.b & kMaxWord;
  const std::uint64_t high_a = test.a >> 32, high_b = test.b >> 32;
  ArgTest rest = test;
  if (word == Word::low) {
    rest.words = bit(Word::high);
    const std::uint64_t from = high_a + (x < low_a ? 1 : 0);
    if (x > low_b && high_b == 0) return decided(test.negated);
    return interval(rest, from, high_b - (x > low_b ? 1 : 0));
  }
  if (x < high_a || x > high_b) return decided(test.negated);
  rest.words = bit(Word::low);
  return interval(rest, x == high_a ? low_a : 0, x == high_b ? low_b : kMaxWord);
}

MaskPart mask_part(const ArgTest& test, Word word) {
  const int shift = test.words == kBothWords && word == Word::high ? 32 : 0;
  return {static_cast<std::uint32_t>(test.a >> shift), static_cast<std::uint32_t>(test.b >> shift)};
}

Outcome learn_mask(const ArgTest& test, Word word, bool part_holds) {
  if (!part_holds || test.words != kBothWords) return decided(part_holds);
  ArgTest rest = test;
  const Word other = word == Word::low ? Word::high : Word::low;
  rest.words = bit(other);
  const MaskPart part = mask_part(test, other);
  return masked(rest, part.mask, part.value);
}

std::optional<std::uint32_t> least(const Cube& cube) {
  const auto agrees = [&](std::uint32_t x, std::uint32_t bits) { return ((x ^ cube.value) & cube.known & bits) == 0; };
  std::optional<std::uint32_t> found;
  if (agrees(cube.first, ~std::uint32_t{0})) {
    found = cube.first;
  } else {
    // Keep the bits of `first` above one of its zeros, set that one, and make the bits below as small as they may be.
    for (std::uint32_t one = 1; one != 0 && !found; one <<= 1) {
      const std::uint32_t above = ~(one | (one - 1));
      if ((cube.first & one) != 0 || !agrees(cube.first, above) || !agrees(one, one)) continue;
      found = (cube.first & above) | one | (cube.value & cube.known & (one - 1));
    }
  }
  if (found && *found > cube.last) found.reset();
  return found;
}

}  // namespace callgate::compile
