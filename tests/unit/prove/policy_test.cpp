// Policies against filters: written by an obviously correct compiler, then changed.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/builder.h"
#include "prove/engines.h"
#include "support/naive_compiler.h"
#include "support/rounds.h"
#include "unit/prove/random_programs.h"

namespace callgate::prove {
namespace {

using test_support::compile_naively;
using test_support::Random;
using test_support::random_calls;
using test_support::random_policy;
using test_support::rounds;

test_support::RandomPolicyLimits small_limits() {
  test_support::RandomPolicyLimits limits;
  limits.max_calls = 8;
  limits.max_rules = 4;
  limits.max_conditions = 3;
  return limits;
}

Question question(const policy::Policy& policy, const bpf::Program& program) {
  return {.policy = &policy, .programs = {program}};
}

TEST(ProvePolicy, NaiveProgramsAreEqualInBothDomains) {
  unsigned proved = 0;
  for (std::uint64_t seed = 1; seed <= rounds(400); ++seed) {
    const policy::Policy policy = random_policy(seed, small_limits());
    const auto program = compile_naively(policy);
    if (!program) continue;
    const auto simple = decide_simple(question(policy, *program), {});
    ASSERT_TRUE(simple.has_value()) << "seed " << seed;
    EXPECT_EQ(simple->verdict, Verdict::equal) << "seed " << seed << ": " << simple->why;
    if (seed % 4 == 0) {
      const Outcome general = decide_general(question(policy, *program), {});
      EXPECT_EQ(general.verdict, Verdict::equal) << "seed " << seed << ": " << general.why;
    }
    ++proved;
  }
  EXPECT_GT(proved, rounds(300));
}

TEST(ProvePolicy, ChangedProgramsAgreeWithBruteForce) {
  unsigned equal = 0, different = 0;
  for (std::uint64_t seed = 1; seed <= rounds(250); ++seed) {
    const policy::Policy policy = random_policy(seed, small_limits());
    const auto program = compile_naively(policy);
    if (!program) continue;
    std::vector<policy::Call> calls = policy::interesting_calls(policy);
    if (calls.size() > 1500) calls.resize(1500);
    const auto more = random_calls(policy, seed, 500);
    calls.insert(calls.end(), more.begin(), more.end());
    Random random(seed);
    for (int i = 0; i < 12; ++i) {
      const bpf::Program changed = mutate(*program, random);
      const Outcome outcome = prove(policy, changed);
      ASSERT_NE(outcome.verdict, Verdict::undecided) << "seed " << seed << "/" << i << ": " << outcome.why;
      if (outcome.verdict == Verdict::different) {
        ++different;
        ASSERT_TRUE(is_confirmed(policy, changed, outcome)) << "seed " << seed << "/" << i;
        continue;
      }
      ++equal;
      for (const policy::Call& call : calls)
        ASSERT_EQ(answer(changed, data_of(call)), evaluate(policy, call)) << "seed " << seed << "/" << i;
    }
  }
  EXPECT_GT(equal, rounds(100));
  EXPECT_GT(different, rounds(1000));
}

}  // namespace
}  // namespace callgate::prove
