// SPDX-License-Identifier: Apache-2.0
#include "policy/effort.h"

#include <gtest/gtest.h>

#include <thread>

#include "policy/algebra.h"
#include "policy/changes.h"

namespace callgate::policy {
namespace {

constexpr AuditArch kToken = 0xc000003e;

Policy single(const Decision& d) {
  return {{{kToken, {{0, 0xffffffff, 0}}}}, {{0, 0xffffffff, 0}}, {d}};
}

// So many rules that ask for two scattered bits each of three arguments: what is left where none holds doubles with
// every rule.
Policy scattered(std::size_t rules) {
  std::uint64_t state = 7;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return state >> 33;
  };
  Decision d{{}, make_errno(1)};
  for (std::size_t i = 0; i < rules; ++i) {
    Clause clause{{}, kAllow};
    for (std::uint8_t arg = 0; arg < 3; ++arg) {
      const std::uint64_t mask = std::uint64_t{1} << next() % 20 | std::uint64_t{1} << next() % 20;
      clause.conditions.push_back({arg, Op::masked_eq, next() & mask, mask});
    }
    d.clauses.push_back(std::move(clause));
  }
  return single(d);
}

TEST(Effort, WhatIsTooHardThrows) {
  const Policy few = scattered(60), many = scattered(90);  // walked, and cut into cells
  const EffortLimit limit(1'000'000);
  EXPECT_THROW(changes(constant(kAllow), few), TooHard);
  EXPECT_THROW(changes(constant(kAllow), many), TooHard);
}

TEST(Effort, WhatIsSpentAddsUp) {
  const EffortLimit limit(10);
  spend(4);
  spend(6);
  EXPECT_THROW(spend(1), TooHard);
  spend(0);
}

TEST(Effort, LimitsNestAndEnd) {
  const EffortLimit outer(10);
  spend(9);
  {
    const EffortLimit inner(100);
    spend(100);
    EXPECT_THROW(spend(1), TooHard);
  }
  spend(1);
  EXPECT_THROW(spend(1), TooHard);
}

TEST(Effort, WithoutALimitNothingThrowsAndThreadsAreApart) {
  spend(~std::uint64_t{0});
  const EffortLimit limit(0);
  std::thread([] { spend(1'000'000); }).join();
  EXPECT_THROW(spend(1), TooHard);
}

TEST(Effort, TheAnswerIsTheSameUnderALimitThatSuffices) {
  const Policy policy = scattered(6);
  const auto free = changes(constant(kAllow), policy);
  const EffortLimit limit(100'000'000);
  EXPECT_EQ(changes(constant(kAllow), policy).size(), free.size());
  EXPECT_EQ(first_excess(constant(kAllow), policy), first_excess(constant(kAllow), scattered(6)));
}

}  // namespace
}  // namespace callgate::policy
