// Learning the two words of an argument one after the other gives what the condition says of the whole.
// SPDX-License-Identifier: Apache-2.0
#include "compile/arg_test.h"

#include <gtest/gtest.h>

#include "support/random_policy.h"

namespace callgate::compile {
namespace {

// The outcome once `word` is known to be that of `value`.
Outcome learn(const Outcome& outcome, Word word, std::uint64_t value) {
  if (outcome.decided || !outcome.test.involves(0, word)) return outcome;
  const auto half = static_cast<std::uint32_t>(word == Word::high ? value >> 32 : value);
  if (!outcome.test.masked) return learn_interval(outcome.test, word, half);
  const MaskPart part = mask_part(outcome.test, word);
  return learn_mask(outcome.test, word, (half & part.mask) == part.value);
}

TEST(ArgTest, LearnsWordsInEitherOrder) {
  test_support::Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const policy::Condition condition = test_support::random_condition(random, 1);
    for (const std::uint64_t value : policy::interesting_values(condition)) {
      for (const auto& [first, second] : {std::pair{Word::low, Word::high}, std::pair{Word::high, Word::low}}) {
        const Outcome outcome = learn(learn(to_test(condition), first, value), second, value);
        ASSERT_TRUE(outcome.decided);
        ASSERT_EQ(outcome.truth, policy::holds(condition, value)) << value;
      }
    }
  }
}

TEST(ArgTest, BordersAreWhereOutcomesChange) {
  test_support::Random random(2);
  for (int i = 0; i < 5000; ++i) {
    const Outcome whole = to_test(test_support::random_condition(random, 1));
    if (whole.decided || whole.test.masked) continue;
    for (const Word word : {Word::low, Word::high}) {
      if (!whole.test.involves(0, word)) continue;
      for (const std::uint64_t value : test_support::boundary_values()) {
        const auto n = static_cast<std::uint32_t>(value);
        if (n == 0) continue;
        const Outcome below = learn_interval(whole.test, word, n - 1), at = learn_interval(whole.test, word, n);
        bool listed = false;
        borders(whole.test, word, [&](std::uint32_t border) { listed = listed || border == n; });
        const bool same = below.decided == at.decided && below.truth == at.truth && below.test == at.test;
        ASSERT_TRUE(same || listed) << n;
      }
    }
  }
}

TEST(ArgTest, FindsTheLeastNumberOfACube) {
  test_support::Random random(3);
  for (int i = 0; i < 20000; ++i) {
    Cube cube;
    cube.first = static_cast<std::uint32_t>(random.below(64));
    cube.last = static_cast<std::uint32_t>(random.below(64));
    cube.known = static_cast<std::uint32_t>(random.below(64)) | ~std::uint32_t{63};
    cube.value = static_cast<std::uint32_t>(random.below(64)) & cube.known;
    std::optional<std::uint32_t> expected;
    for (std::uint32_t n = cube.first; n <= cube.last && !expected; ++n)
      if ((n & cube.known) == cube.value) expected = n;
    ASSERT_EQ(least(cube), expected);
  }
}

}  // namespace
}  // namespace callgate::compile
