// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "policy/builder.h"

namespace callgate::policy {
namespace {

constexpr AuditArch kX86_64 = 0xc000003e;

TEST(Evaluate, EveryOperatorIsUnsignedOver64Bits) {
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  struct Row {
    Condition condition;
    std::uint64_t argument;
    bool expected;
  };
  const Row rows[] = {
      {{0, Op::eq, 5}, 5, true},
      {{0, Op::eq, 5}, 0x100000005, false},
      {{0, Op::ne, 5}, 0x100000005, true},
      {{0, Op::lt, kTop}, kTop - 1, true},
      {{0, Op::lt, kTop}, ~std::uint64_t{0}, false},
      {{0, Op::lt, 0}, 0, false},
      {{0, Op::le, 0}, 0, true},
      {{0, Op::gt, 0xffffffff}, 0x100000000, true},
      {{0, Op::gt, 0xffffffff}, 0xffffffff, false},
      {{0, Op::ge, 0xffffffff}, 0xffffffff, true},
      {{0, Op::ge, ~std::uint64_t{0}}, ~std::uint64_t{0}, true},
      {{0, Op::masked_eq, 0x10, 0xf0}, 0x1f, true},
      {{0, Op::masked_eq, 0x10, 0xf0}, 0x2f, false},
      {{0, Op::masked_eq, 0x1, 0xf0}, 0x1, false},
      {{0, Op::masked_eq, 0, kTop}, kTop - 1, true},
  };
  for (const Row& row : rows)
    EXPECT_EQ(holds(row.condition, row.argument), row.expected)
        << static_cast<int>(row.condition.op) << ' ' << row.condition.value << ' ' << row.argument;
}

TEST(Evaluate, FirstClauseThatMatchesWins) {
  Builder builder(kKillThread);
  builder.arch(kX86_64, make_errno(1));
  builder.call(
      kX86_64, 10,
      Decision{{{{{0, Op::ge, 5}, {1, Op::eq, 7}}, kAllow}, {{{0, Op::ge, 5}}, make_errno(2)}}, make_errno(3)});
  const Policy p = builder.finish();
  EXPECT_EQ(evaluate(p, {kX86_64, 10, {5, 7}}), kAllow);
  EXPECT_EQ(evaluate(p, {kX86_64, 10, {5, 8}}), make_errno(2));
  EXPECT_EQ(evaluate(p, {kX86_64, 10, {4, 7}}), make_errno(3));
  EXPECT_EQ(evaluate(p, {kX86_64, 9, {}}), make_errno(1));
  EXPECT_EQ(evaluate(p, {kX86_64, 0xffffffff, {}}), make_errno(1));
  EXPECT_EQ(evaluate(p, {kX86_64 + 1, 10, {5, 7}}), kKillThread);
}

TEST(Evaluate, InterestingCallsReachEveryActionOfAPolicy) {
  Builder builder(kKillThread);
  builder.arch(kX86_64, make_errno(1));
  builder.call(kX86_64, 10, Decision{{{{{2, Op::masked_eq, 0, 0x7e020000}}, kAllow}}, make_errno(38)});
  builder.call(kX86_64, 11, Decision{{{{{0, Op::gt, 0x1ffffffff}, {1, Op::ne, 3}}, kAllow}}, make_errno(39)});
  const Policy p = builder.finish();
  std::set<Action> seen;
  for (const Call& call : interesting_calls(p)) seen.insert(evaluate(p, call));
  EXPECT_EQ(seen, (std::set<Action>{kKillThread, make_errno(1), make_errno(38), make_errno(39), kAllow}));
}

}  // namespace
}  // namespace callgate::policy
