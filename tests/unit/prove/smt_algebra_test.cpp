// A second opinion from z3 on the policy algebra, over random pairs.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/algebra.h"
#include "support/random_policy.h"
#include "unit/prove/smt.h"

namespace callgate::prove {
namespace {

policy::Policy small_policy(std::uint64_t seed) {
  test_support::RandomPolicyLimits limits;
  limits.tokens = {0xc000003e};
  limits.max_number = 6;
  limits.max_calls = 3;
  limits.max_rules = 3;
  limits.max_conditions = 2;
  return test_support::random_policy(seed, limits);
}

// Return values are in the kernel's order as signed numbers: action first, then data.
z3::expr least(const z3::expr& a, const z3::expr& b) {
  return z3::ite(a < b, a, b);
}

z3::expr level(Smt& smt, const z3::expr& value) {
  const auto at_least = [&](std::uint32_t action) { return value >= smt.number(action); };
  return z3::ite(at_least(bpf::kRetLog), smt.number(3),
                 z3::ite(at_least(bpf::kRetTrace), smt.number(2),
                         z3::ite(at_least(bpf::kRetNotify), smt.number(1), smt.number(0))));
}

TEST(AlgebraSmt, MeetJoinSubsetAndEquality) {
  unsigned subsets = 0, others = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const policy::Policy a = small_policy(seed);
    // Every second pair is made to be a subset.
    policy::Policy b = small_policy(seed + 1000);
    if (seed % 2 == 0) b = policy::join(a, b).value();
    Smt smt;
    const z3::expr of_a = smt.meaning(a), of_b = smt.meaning(b);
    EXPECT_EQ(smt.differ(smt.meaning(policy::meet(a, b).value()), least(of_a, of_b)), z3::unsat) << seed;
    EXPECT_EQ(smt.differ(smt.meaning(policy::join(a, b).value()), z3::ite(of_a < of_b, of_b, of_a)), z3::unsat) << seed;
    EXPECT_EQ(smt.differ(of_a, of_b) == z3::sat, policy::first_difference(a, b).has_value()) << seed;
    const z3::expr excess = level(smt, of_a) > level(smt, of_b);
    const bool exceeds = smt.is_possible(excess) == z3::sat;
    EXPECT_EQ(exceeds, policy::first_excess(a, b).has_value()) << seed;
    (exceeds ? others : subsets) += 1;
    const policy::Action denial = policy::make_errno(7);
    const z3::expr kept =
        z3::ite(level(smt, of_a) == smt.number(0) || excess, of_a, smt.number(policy::to_return_value(denial)));
    EXPECT_EQ(smt.differ(smt.meaning(policy::subtract(a, b, denial).value()), kept), z3::unsat) << seed;
  }
  EXPECT_GE(subsets, 20U);
  EXPECT_GE(others, 10U);
}

}  // namespace
}  // namespace callgate::prove
