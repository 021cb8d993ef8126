// A second opinion from z3: policy and program as bit-vector terms over the sixteen words.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/naive_compiler.h"
#include "unit/prove/random_programs.h"
#include "unit/prove/smt.h"

namespace callgate::prove {
namespace {

using test_support::Random;

void expect_agreement(const Outcome& outcome, z3::check_result differ) {
  if (differ == z3::unknown || outcome.verdict == Verdict::undecided) return;
  EXPECT_EQ(outcome.verdict == Verdict::different, differ == z3::sat);
}

TEST(ProveSmt, PoliciesAndChangedPrograms) {
  test_support::RandomPolicyLimits limits;
  limits.max_calls = 3;
  limits.max_rules = 3;
  limits.max_conditions = 2;
  unsigned equal = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const policy::Policy policy = test_support::random_policy(seed, limits);
    const auto program = test_support::compile_naively(policy);
    ASSERT_TRUE(program.has_value());
    Random random(seed);
    for (int i = 0; i < 3; ++i) {
      const bpf::Program tried = i == 0 ? *program : mutate(*program, random);
      Smt smt;
      const Outcome outcome = prove(policy, tried);
      expect_agreement(outcome, smt.differ(smt.meaning(policy), smt.meaning(smt.returned(tried))));
      equal += outcome.verdict == Verdict::equal ? 1 : 0;
      if (HasFailure()) FAIL() << "seed " << seed << "/" << i;
    }
  }
  EXPECT_GE(equal, 24U);
}

TEST(ProveSmt, RandomProgramsOfAllOpcodes) {
  Random random(21);
  unsigned agreed = 0;
  for (int i = 0; i < 200; ++i) {
    const ProgramShape shape{.body = 5 + random.below(9), .words = static_cast<unsigned>(1 + random.below(8))};
    const bpf::Program left = random_program(random, shape), right = mutate(mutate(left, random), random);
    Smt smt;
    const Outcome outcome = prove(Stack{left}, Stack{right});
    const z3::check_result differ = smt.differ(smt.meaning(smt.returned(left)), smt.meaning(smt.returned(right)));
    expect_agreement(outcome, differ);
    agreed += outcome.verdict != Verdict::undecided && differ != z3::unknown ? 1 : 0;
    if (HasFailure()) FAIL() << "case " << i;
  }
  EXPECT_GT(agreed, 150U);
}

TEST(ProveSmt, OrdersUnderMasks) {
  Random random(22);
  unsigned equal = 0, different = 0;
  for (int i = 0; i < 200; ++i) {
    const ProgramShape shape{
        .body = 6 + random.below(8), .arithmetic = false, .masks = true, .first_word = 4, .words = 2};
    const bpf::Program left = random_program(random, shape), right = mutate(mutate(left, random), random);
    Smt smt;
    const Outcome outcome = prove(Stack{left}, Stack{right});
    const z3::check_result differ = smt.differ(smt.meaning(smt.returned(left)), smt.meaning(smt.returned(right)));
    ASSERT_NE(outcome.verdict, Verdict::undecided) << "case " << i << ": " << outcome.why;
    ASSERT_NE(differ, z3::unknown) << "case " << i;
    ASSERT_EQ(outcome.verdict == Verdict::different, differ == z3::sat) << "case " << i;
    ++(differ == z3::sat ? different : equal);
  }
  EXPECT_GT(equal, 50U);
  EXPECT_GT(different, 20U);
}

}  // namespace
}  // namespace callgate::prove
