// Compiled filters against the oracle on random policies: every operator, several tokens of both byte orders and
// widths, values at the borders of 32 and 64 bits.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "simulated.h"
#include "support/random_policy.h"

namespace callgate::compile {
namespace {

using test_support::random_calls;
using test_support::random_policy;
using test_support::RandomPolicyLimits;

constexpr Objective kObjectives[] = {Objective::balanced, Objective::size, Objective::speed};

TEST(RandomPolicies, AgreeWithTheOracle) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const policy::Policy policy = random_policy(seed);
    Options options;
    options.objective = kObjectives[seed % std::size(kObjectives)];
    const bpf::Program program = compiled(policy, options);
    ASSERT_FALSE(program.empty()) << "seed " << seed;
    ASSERT_TRUE(agrees(policy, program)) << "seed " << seed;
    std::vector<bool> covered;
    ASSERT_TRUE(agrees(policy, program, random_calls(policy, seed, 400), covered)) << "seed " << seed;
  }
}

TEST(RandomPolicies, HaveNoUnreachableInstruction) {
  RandomPolicyLimits limits;
  limits.max_calls = 3;
  limits.max_rules = 3;
  limits.max_conditions = 2;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const policy::Policy policy = random_policy(seed, limits);
    const bpf::Program program = compiled(policy);
    ASSERT_FALSE(program.empty()) << "seed " << seed;
    std::vector<bool> covered;
    ASSERT_TRUE(agrees(policy, program, policy::interesting_calls(policy), covered)) << "seed " << seed;
    for (std::uint64_t more = 0; more < 200 && std::count(covered.begin(), covered.end(), false) != 0; ++more)
      ASSERT_TRUE(agrees(policy, program, random_calls(policy, seed * 1000 + more, 500), covered)) << "seed " << seed;
    EXPECT_EQ(std::count(covered.begin(), covered.end(), false), 0) << "seed " << seed;
  }
}

// A path that needs no argument loads none and uses nothing the kernel's cache does not follow.
TEST(RandomPolicies, KeepTheKernelsCache) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const policy::Policy policy = random_policy(seed);
    const bpf::Program program = compiled(policy);
    for (const policy::ArchRuns& runs : policy.archs) {
      for (const policy::Run& run : runs.runs) {
        const policy::Decision& decision = policy.decisions[run.decision];
        if (!decision.is_constant() || decision.otherwise != policy::kAllow) continue;
        if (run.first >= arch::kX32Bit) continue;  // the kernel caches none of these
        EXPECT_TRUE(bpf::probe_cache(program, runs.audit, run.first).always_allowed) << seed << " " << run.first;
      }
    }
  }
}

TEST(RandomPolicies, CompileTheSameTwice) {
  const policy::Policy policy = random_policy(7);
  EXPECT_EQ(compiled(policy), compiled(policy));
}

}  // namespace
}  // namespace callgate::compile
