// The algebra's laws on random policies, and its answers call by call against evaluate().
// SPDX-License-Identifier: Apache-2.0
#include "policy/algebra.h"

#include <gtest/gtest.h>

#include "policy/builder.h"
#include "policy/changes.h"
#include "support/random_policy.h"

namespace callgate::policy {
namespace {

constexpr std::uint64_t kPairs = 30;
const Action kDenial = make_errno(1);

Policy random_policy(std::uint64_t seed) {
  test_support::RandomPolicyLimits limits;
  limits.tokens = {0xc000003e, 0x40000003};
  limits.max_number = 12;
  limits.max_calls = 6;
  limits.max_rules = 3;
  limits.max_conditions = 2;
  return test_support::random_policy(seed, limits);
}

// ALLOW or the denial, nothing else: what sets are.
Policy as_set(const Policy& policy) {
  return complement(complement(policy, kDenial), kDenial);
}

#define EXPECT_SAME(a, b)                                                                            \
  do {                                                                                               \
    const auto difference = first_difference((a), (b));                                              \
    EXPECT_FALSE(difference.has_value()) << "seed " << seed << ", number " << difference.value().nr; \
  } while (false)

TEST(Algebra, ALatticeWithTheKernelsOrder) {
  for (std::uint64_t seed = 1; seed <= kPairs; ++seed) {
    const Policy a = random_policy(seed), b = random_policy(seed + 1000), c = random_policy(seed + 2000);
    const Policy both = meet(a, b).value(), either = join(a, b).value();
    EXPECT_SAME(meet(a, a).value(), a);
    EXPECT_SAME(join(a, a).value(), a);
    EXPECT_SAME(both, meet(b, a).value());
    EXPECT_SAME(either, join(b, a).value());
    EXPECT_SAME(meet(both, c).value(), meet(a, meet(b, c).value()).value());
    EXPECT_SAME(join(either, c).value(), join(a, join(b, c).value()).value());
    EXPECT_SAME(join(a, both).value(), a);
    EXPECT_SAME(meet(a, either).value(), a);
    EXPECT_FALSE(first_excess(both, a).has_value());
    EXPECT_FALSE(first_excess(a, either).has_value());
    for (const Call& call : test_support::random_calls(a, seed, 200)) {
      EXPECT_EQ(evaluate(both, call), std::min(evaluate(a, call), evaluate(b, call)));
      EXPECT_EQ(evaluate(either, call), std::max(evaluate(a, call), evaluate(b, call)));
    }
  }
}

TEST(Algebra, SetsOfCalls) {
  for (std::uint64_t seed = 1; seed <= kPairs; ++seed) {
    const Policy a = as_set(random_policy(seed)), b = as_set(random_policy(seed + 1000));
    const auto inverse = [](const Policy& x) { return complement(x, kDenial); };
    EXPECT_SAME(inverse(join(a, b).value()), meet(inverse(a), inverse(b)).value());
    EXPECT_SAME(inverse(meet(a, b).value()), join(inverse(a), inverse(b)).value());
    EXPECT_SAME(inverse(inverse(a)), a);
    EXPECT_SAME(subtract(a, b, kDenial).value(), meet(a, inverse(b)).value());
    EXPECT_FALSE(first_granted(meet(a, inverse(a)).value()).has_value());
    EXPECT_FALSE(first_excess(constant(kAllow), join(a, inverse(a)).value()).has_value());
  }
}

TEST(Algebra, SubsetIsAnEmptyDifference) {
  unsigned subsets = 0;
  for (std::uint64_t seed = 1; seed <= kPairs; ++seed) {
    const Policy a = random_policy(seed);
    const Policy b = seed % 2 == 0 ? join(a, random_policy(seed + 1000)).value() : random_policy(seed + 1000);
    const auto excess = first_excess(a, b);
    EXPECT_EQ(excess, first_granted(subtract(a, b, kDenial).value())) << seed;
    if (!excess) {
      ++subsets;
      continue;
    }
    EXPECT_GT(permissiveness(evaluate(a, *excess).kind), permissiveness(evaluate(b, *excess).kind)) << seed;
  }
  EXPECT_GE(subsets, kPairs / 2);
  EXPECT_LT(subsets, kPairs);
}

TEST(Algebra, AStackAnswersAsTheKernelDoes) {
  for (std::uint64_t seed = 1; seed <= kPairs; ++seed) {
    const std::vector<Policy> filters{random_policy(seed), random_policy(seed + 1000), random_policy(seed + 2000)};
    const Policy one = stack(filters).value();
    for (const Policy& each : filters)
      for (const Call& call : test_support::random_calls(each, seed, 100)) {
        Action expected = evaluate(filters[0], call);
        for (const Policy& older : filters)
          if (evaluate(older, call).kind < expected.kind) expected = evaluate(older, call);
        EXPECT_EQ(evaluate(one, call), expected) << seed;
      }
  }
  // Of two answers of one kind the newest filter's errno counts.
  const std::vector<Policy> errnos{constant(make_errno(1)), constant(make_errno(38))};
  EXPECT_EQ(evaluate(stack(errnos).value(), {}), make_errno(1));
}

TEST(Algebra, ALimitIsAnErrorNotAGuess) {
  // 150 clauses on one argument times 150 on another.
  const auto many = [](std::uint8_t arg) {
    Decision decision{{}, kAllow};
    for (std::uint64_t i = 0; i < 150; ++i)
      decision.clauses.push_back({{{arg, Op::eq, 2 * i}}, make_errno(static_cast<std::uint16_t>(i + 1))});
    Builder builder(kAllow);
    builder.arch(0xc000003e, kAllow);
    builder.call(0xc000003e, 1, decision);
    return builder.finish();
  };
  const auto result = meet(many(0), many(1));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, base::ErrorCode::limit);
}

bool is_member(const ArgSet& set, std::uint64_t value) {
  if (set.low_word) value &= 0xffffffff;
  return std::any_of(set.intervals.begin(), set.intervals.end(),
                     [&](const Interval& i) { return i.first <= value && value <= i.last; }) &&
         (value & set.known_mask) == set.known_bits &&
         std::none_of(set.excluded.begin(), set.excluded.end(),
                      [&](const MaskedValue& x) { return (value & x.mask) == x.value; });
}

TEST(Changes, RegionsAreDisjointAndAreTheDifference) {
  std::size_t with_regions = 0;
  for (std::uint64_t seed = 1; seed <= kPairs; ++seed) {
    const Policy a = random_policy(seed), b = seed % 3 == 0 ? a : random_policy(seed + 1000);
    const std::vector<Change> all = changes(a, b);
    EXPECT_EQ(all.empty(), !first_difference(a, b).has_value()) << seed;
    for (const Change& change : all)
      for (const RegionChange& region : change.regions) {
        const Call witness{change.audit, change.first, region.witness};
        EXPECT_EQ(evaluate(a, witness), region.before) << seed;
        EXPECT_EQ(evaluate(b, witness), region.after) << seed;
      }
    auto calls = test_support::random_calls(a, seed, 300);
    const auto more = test_support::random_calls(b, seed, 300);
    calls.insert(calls.end(), more.begin(), more.end());
    for (const Call& call : calls) {
      unsigned hits = 0;
      for (const Change& change : all) {
        const bool listed = call.audit == 0xc000003e || call.audit == 0x40000003;
        if ((change.is_other ? listed : change.audit != call.audit) || call.nr < change.first || call.nr > change.last)
          continue;
        for (const RegionChange& region : change.regions) {
          bool in = true;
          for (std::size_t i = 0; i < 6; ++i) in = in && is_member(region.args[i], call.args[i]);
          if (!in) continue;
          ++hits;
          EXPECT_EQ(evaluate(a, call), region.before) << seed;
          EXPECT_EQ(evaluate(b, call), region.after) << seed;
        }
      }
      EXPECT_EQ(hits, evaluate(a, call) == evaluate(b, call) ? 0U : 1U) << seed;
      with_regions += hits;
    }
  }
  EXPECT_GT(with_regions, 500U);
}

}  // namespace
}  // namespace callgate::policy
