// Oracle, simulated filter, prover and the live kernel on random policies with argument rules. At least 20 000
// policies and a million live calls; CALLGATE_LIVE_POLICIES changes the number (sanitizer builds take fewer).
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <cstdlib>

#include "support/live_agreement.h"
#include "support/random_policy.h"

namespace callgate::test_support {
namespace {

constexpr std::size_t kCallsPerPolicy = 64;

std::uint64_t policies_wanted() {
  const char* text = std::getenv("CALLGATE_LIVE_POLICIES");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20'000;
}

TEST(RandomPolicies, OracleSimulatorProverAndKernelAgree) {
  const RandomPolicyLimits limits{.tokens = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386}};
  const std::uint64_t wanted = policies_wanted();
  std::size_t made = 0;
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const policy::Policy policy = random_policy(seed, limits);
    const std::vector<policy::Call> calls = makeable(random_calls(policy, seed, 2 * kCallsPerPolicy), kCallsPerPolicy);
    bpf::Program program;
    ASSERT_NO_FATAL_FAILURE(expect_compiled(policy, calls, program));
    ASSERT_NO_FATAL_FAILURE(expect_live_marked(policy, program, calls, made));
    if (seed % 8 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_live_exact(policy, program, calls, made));
    }
  }
  RecordProperty("live_calls", static_cast<int>(made));
  EXPECT_GE(made, wanted * 50);
}

}  // namespace
}  // namespace callgate::test_support
