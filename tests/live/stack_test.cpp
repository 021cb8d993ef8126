// Filters stacked on the live kernel answer as the one policy that policy::stack() makes of them.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include "compile/compile.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "support/live_agreement.h"
#include "support/live_filter.h"
#include "support/random_policy.h"

namespace callgate::test_support {
namespace {

constexpr std::uint64_t kStacks = 80;
constexpr std::size_t kCallsPerFilter = 64;

// Random, but it lets further filters be installed.
policy::Policy stackable_policy(std::uint64_t seed) {
  const RandomPolicyLimits limits{.tokens = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386}};
  policy::Builder builder(policy::kKillProcess);
  builder.arch(AUDIT_ARCH_X86_64, policy::kKillProcess);
  builder.call(AUDIT_ARCH_X86_64, SYS_seccomp, policy::kAllow);
  const auto joined = policy::join(random_policy(seed, limits), builder.finish());
  return joined ? *joined : policy::constant(policy::kAllow);
}

TEST(Stacks, TheKernelAnswersAsTheStackedPolicy) {
  std::size_t made = 0, denied = 0;
  for (std::uint64_t seed = 1; seed <= kStacks; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<policy::Policy> newest_first;
    std::vector<bpf::Program> oldest_first;
    std::vector<policy::Call> calls;
    for (std::uint64_t i = 0; i < 2 + seed % 3; ++i) {
      newest_first.push_back(stackable_policy(10 * seed + i));
      auto compiled = compile::compile(newest_first.back());
      ASSERT_TRUE(compiled.has_value());
      oldest_first.insert(oldest_first.begin(), std::move(compiled->program));
      const auto more = makeable(random_calls(newest_first.back(), seed, 2 * kCallsPerFilter), kCallsPerFilter);
      calls.insert(calls.end(), more.begin(), more.end());
    }
    const policy::Policy stacked = policy::stack(newest_first).value();
    std::size_t kills = 0;
    std::erase_if(calls, [&](const policy::Call& call) {
      return expected(policy::evaluate(stacked, call)).kind == Observed::Kind::killed && ++kills > 2;
    });
    const LiveRun run = observe_stack(oldest_first, calls);
    ASSERT_EQ(run.error, "");
    for (std::size_t i = 0; i < calls.size(); ++i) {
      ASSERT_EQ(to_string(run.observed[i]), to_string(expected(policy::evaluate(stacked, calls[i])))) << calls[i].nr;
      denied += run.observed[i].kind == Observed::Kind::passed ? 0U : 1U;
    }
    made += calls.size();
  }
  EXPECT_GT(made, kStacks * kCallsPerFilter);
  EXPECT_GT(denied, kStacks);
  EXPECT_LT(denied, made);
}

}  // namespace
}  // namespace callgate::test_support
