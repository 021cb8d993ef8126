// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/builder.h"
#include "policy/region.h"
#include "unit/policy/random_decision.h"

namespace callgate::policy {
namespace {

constexpr AuditArch kToken = 0xc000003e;

Policy single(const Decision& d) {
  return {{{kToken, {{0, 0xffffffff, 0}}}}, {{0, 0xffffffff, 0}}, {d}};
}

TEST(ArgRegion, LeastValueAgreesWithATableOfAllByteValues) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 rng(seed);
    ArgRegion region;
    region.require({0, Op::le, 255}, true);
    std::vector<std::pair<Condition, bool>> required;
    for (std::size_t n = 1 + rng() % 6; n > 0; --n) {
      Condition c{0, static_cast<Op>(rng() % 7), rng() % 256};
      if (c.op == Op::masked_eq) {
        c.mask = rng() % 256;
        if (rng() % 4 != 0) c.value &= c.mask;
      }
      required.emplace_back(c, rng() % 2 == 0);
      region.require(required.back().first, required.back().second);
    }
    std::optional<std::uint64_t> expected;
    for (std::uint64_t v = 0; v < 256 && !expected; ++v) {
      bool all = true;
      for (const auto& [c, truth] : required) all = all && holds(c, v) == truth;
      if (all) expected = v;
    }
    ASSERT_EQ(region.least(), expected) << "seed " << seed;
  }
}

TEST(FirstDifference, WitnessIsRealAndEqualMeansNoInterestingCallDiffers) {
  std::size_t equal = 0, different = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision left = test::random_decision(rng);
    Decision right = left;
    // Half the pairs are close relatives: one clause moved, dropped or changed.
    if (rng() % 2 == 0) {
      right = test::random_decision(rng);
    } else if (!right.clauses.empty()) {
      Clause& clause = right.clauses[rng() % right.clauses.size()];
      if (rng() % 2 == 0)
        clause.conditions[0].value += rng() % 3;
      else
        std::swap(right.clauses.front(), right.clauses.back());
    }
    const Policy a = single(left), b = single(right);
    const auto witness = first_difference(a, b);
    if (witness) {
      ++different;
      EXPECT_NE(evaluate(a, *witness), evaluate(b, *witness)) << "seed " << seed;
      EXPECT_EQ(first_difference(b, a), witness) << "seed " << seed;
    } else {
      ++equal;
      for (const Policy* p : {&a, &b})
        for (const Call& call : interesting_calls(*p))
          ASSERT_EQ(evaluate(a, call), evaluate(b, call)) << "seed " << seed;
    }
  }
  EXPECT_GT(equal, 80U);
  EXPECT_GT(different, 80U);
}

TEST(FirstDifference, IsTheLeastCall) {
  Builder a(kKillThread), b(kKillThread);
  for (Builder* x : {&a, &b}) x->arch(kToken, make_errno(1));
  a.call(kToken, 7, Decision{{{{{0, Op::gt, 100}, {1, Op::eq, 4}}, kAllow}}, make_errno(1)});
  b.call(kToken, 7, Decision{{{{{0, Op::gt, 200}, {1, Op::eq, 4}}, kAllow}}, make_errno(1)});
  b.call(kToken, 9, kAllow);
  EXPECT_EQ(first_difference(a.finish(), b.finish()), (Call{kToken, 7, {101, 4}}));
}

TEST(FirstDifference, LooksAtUnlistedTokensAndBothSidesOfRuns) {
  EXPECT_EQ(first_difference(constant(kAllow), constant(kKillProcess)), (Call{0, 0, {}}));
  Builder a(kKillThread), b(kKillThread);
  a.arch(kToken, make_errno(1));
  b.arch(kToken, make_errno(1));
  b.range(kToken, 0x80000000, 0xffffffff, kAllow);
  EXPECT_EQ(first_difference(a.finish(), b.finish()), (Call{kToken, 0x80000000, {}}));
  Builder listed(kAllow);
  listed.arch(0, kAllow);
  EXPECT_EQ(first_difference(listed.finish(), constant(kAllow)), std::nullopt);
}

}  // namespace
}  // namespace callgate::policy
