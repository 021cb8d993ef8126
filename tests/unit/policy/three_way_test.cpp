// SPDX-License-Identifier: Apache-2.0
#include "policy/three_way.h"

#include <gtest/gtest.h>

namespace callgate::policy {
namespace {

// Every call on every architecture: argument 0 equal to `value` gets `action`, every other ALLOW.
Policy only(std::uint64_t value, Action action) {
  return {{}, {{0, 0xffffffffU, 0}}, {{{{{{0, Op::eq, value}}, action}}, kAllow}}};
}

Action ask(const Policy& policy, std::uint64_t value) {
  return evaluate(policy, {1, 2, {value}});
}

TEST(ThreeWay, BothChangesAreThere) {
  const auto merged = merge_three(constant(kAllow), only(3, kKillProcess), only(4, make_errno(1)));
  ASSERT_TRUE(merged.has_value());
  EXPECT_TRUE(merged->conflicts.empty());
  EXPECT_EQ(ask(merged->merged, 3), kKillProcess);
  EXPECT_EQ(ask(merged->merged, 4), make_errno(1));
  EXPECT_EQ(ask(merged->merged, 5), kAllow);
}

TEST(ThreeWay, OneSidedAndEqualChangesWin) {
  const Policy base = constant(kAllow), changed = only(3, kKillProcess);
  for (const auto& [ours, theirs] : {std::pair{base, changed}, std::pair{changed, base}, std::pair{changed, changed}}) {
    const auto merged = merge_three(base, ours, theirs);
    ASSERT_TRUE(merged.has_value());
    EXPECT_TRUE(merged->conflicts.empty());
    EXPECT_FALSE(first_difference(merged->merged, changed).has_value());
  }
  // A rule that one side took away is gone.
  const auto removed = merge_three(changed, base, changed);
  ASSERT_TRUE(removed.has_value());
  EXPECT_FALSE(first_difference(removed->merged, base).has_value());
}

TEST(ThreeWay, ConflictsAreNamed) {
  const auto merged = merge_three(constant(kAllow), only(3, kKillProcess), only(3, make_errno(1)));
  ASSERT_TRUE(merged.has_value());
  ASSERT_EQ(merged->conflicts.size(), 1U);
  const RegionChange& region = merged->conflicts[0].regions.at(0);
  EXPECT_EQ(region.witness[0], 3U);
  EXPECT_EQ(region.before, kKillProcess);
  EXPECT_EQ(region.after, make_errno(1));
  EXPECT_EQ(ask(merged->merged, 3), kKillProcess);
}

}  // namespace
}  // namespace callgate::policy
