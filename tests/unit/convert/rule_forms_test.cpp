// Ordered decisions said without order are the same functions, in whatever order their rules are tried.
// SPDX-License-Identifier: Apache-2.0
#include "convert/rule_forms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "policy/builder.h"
#include "support/random_policy.h"

namespace callgate::convert {
namespace {

using policy::Action;
using policy::Clause;
using policy::Decision;
using policy::Op;

constexpr policy::AuditArch kToken = 0xc000003e;

policy::Policy policy_of(const Decision& decision) {
  policy::Builder builder(policy::kKillThread);
  builder.arch(kToken, policy::kKillThread);
  builder.call(kToken, 1, decision);
  return builder.finish();
}

void expect_same(const Decision& decision, Action fallback, const RuleForm& form, const std::vector<Clause>& rules) {
  for (const bool backwards : {false, true}) {
    Decision said{rules, fallback};
    if (backwards) std::reverse(said.clauses.begin(), said.clauses.end());
    EXPECT_FALSE(policy::first_difference(policy_of(decision), policy_of(said)));
  }
  for (const Clause& rule : rules) {
    EXPECT_NE(rule.action, fallback);
    std::array<int, 6> uses{};
    for (const policy::Condition& condition : rule.conditions) ++uses[condition.arg];
    if (form.one_condition_each) {
      EXPECT_LE(*std::max_element(uses.begin(), uses.end()), 1);
    }
  }
}

TEST(OrderFree, SaysTheSameInAnyOrder) {
  std::size_t said = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    test_support::Random random(seed);
    const test_support::RandomPolicyLimits limits{{}, 480, 24, 2, 2, false};
    const Decision decision = test_support::random_decision(random, limits);
    const Action fallback = random.one_in(2) ? decision.otherwise : policy::make_errno(1);
    for (const bool one_each : {true, false}) {
      SCOPED_TRACE(seed);
      const RuleForm form{one_each, 48};
      const auto rules = order_free(decision, fallback, form);
      if (!rules) continue;
      ++said;
      expect_same(decision, fallback, form, *rules);
    }
  }
  EXPECT_GT(said, 150U);
}

TEST(OrderFree, KeepsWhatPeopleWrote) {
  const Decision decision{{{{{0, Op::ne, 38}}, policy::kAllow}}, policy::make_errno(1)};
  const auto rules = order_free(decision, policy::make_errno(1));
  ASSERT_TRUE(rules);
  EXPECT_EQ(*rules, decision.clauses);
}

// clone: ALLOW unless a namespace flag is set, ENOSYS then, EPERM by default elsewhere.
TEST(OrderFree, NegatesAMaskBitByBit) {
  const Decision decision{{{{{0, Op::masked_eq, 0, 0x30}}, policy::kAllow}}, policy::make_errno(38)};
  const auto rules = order_free(decision, policy::make_errno(1));
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->size(), 3U);  // no bit, the lower one, the upper one alone
  expect_same(decision, policy::make_errno(1), {}, *rules);
}

TEST(OrderFree, SaysARangeByMasks) {
  const Decision decision{{{{{1, Op::ge, 38}, {1, Op::le, 40}}, policy::kAllow}}, policy::make_errno(1)};
  const auto rules = order_free(decision, policy::make_errno(1));
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->size(), 2U);  // 38…39 and 40
  expect_same(decision, policy::make_errno(1), {}, *rules);
}

TEST(OrderFree, GivesUpBeyondTheLimit) {
  const Decision decision{{{{{0, Op::masked_eq, 0, 0xffff}}, policy::kAllow}}, policy::make_errno(38)};
  EXPECT_FALSE(order_free(decision, policy::make_errno(1), {true, 10}));
  EXPECT_TRUE(order_free(decision, policy::make_errno(1), {true, 17}));
}

}  // namespace
}  // namespace callgate::convert
