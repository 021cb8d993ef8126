// SPDX-License-Identifier: Apache-2.0
#include "policy/builder.h"

#include <gtest/gtest.h>

#include <map>

#include "unit/policy/random_decision.h"

namespace callgate::policy {
namespace {

constexpr AuditArch kToken = 0xc000003e;

void expect_canonical(const Policy& policy) {
  const auto check = [&](const std::vector<Run>& runs) {
    ASSERT_FALSE(runs.empty());
    EXPECT_EQ(runs.front().first, 0U);
    EXPECT_EQ(runs.back().last, 0xffffffffU);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      EXPECT_LE(runs[i].first, runs[i].last);
      EXPECT_LT(runs[i].decision, policy.decisions.size());
      if (i > 0) {
        EXPECT_EQ(runs[i].first, runs[i - 1].last + 1);
        EXPECT_NE(runs[i].decision, runs[i - 1].decision);
      }
    }
  };
  for (const ArchRuns& listed : policy.archs) check(listed.runs);
  check(policy.other);
  for (std::size_t i = 0; i < policy.decisions.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(policy.decisions[i], policy.decisions[j]);
}

TEST(Builder, WhatIsSaidLaterWinsAndRunsAreCanonical) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    Builder builder(kKillThread);
    builder.arch(kToken, make_errno(1));
    // The model: the last statement that covers a number.
    std::vector<std::tuple<SyscallNr, SyscallNr, Action>> said;
    const auto number = [&] {
      constexpr SyscallNr kEdges[] = {0,    1,          1022,       1023,       1024,      2047,
                                      2048, 0x40000000, 0x400003ff, 0xfffffffe, 0xffffffff};
      return rng() % 2 == 0 ? kEdges[rng() % std::size(kEdges)] : static_cast<SyscallNr>(rng() % 3000);
    };
    for (int i = 0; i < 30; ++i) {
      const Action action = make_errno(static_cast<std::uint16_t>(rng() % 4));
      SyscallNr first = number(), last = first;
      if (rng() % 3 == 0) {
        last = number();
        if (last < first) std::swap(first, last);
        builder.range(kToken, first, last, action);
      } else {
        builder.call(kToken, first, action);
      }
      said.emplace_back(first, last, action);
    }
    const Policy policy = builder.finish();
    expect_canonical(policy);
    for (const auto& [first, last, ignored] : said)
      for (const SyscallNr probe : {first - 1, first, first + 1, last - 1, last, last + 1}) {
        Action expected = make_errno(1);
        for (const auto& [from, to, action] : said)
          if (from <= probe && probe <= to) expected = action;
        EXPECT_EQ(evaluate(policy, {kToken, probe, {}}), expected) << probe;
      }
  }
}

TEST(Builder, EqualRulesGiveEqualValuesWhateverTheOrder) {
  Builder a(kKillThread), b(kKillThread);
  const Decision decision{{{{{0, Op::gt, 4}}, kAllow}}, make_errno(1)};
  const Decision same{{{{{0, Op::ge, 5}}, kAllow}}, make_errno(1)};
  a.arch(kToken, make_errno(1));
  a.arch(0x40000003, kAllow);
  a.call(kToken, 5, decision);
  a.call(kToken, 3, kAllow);
  b.arch(0x40000003, kAllow);
  b.arch(kToken, make_errno(1));
  b.call(kToken, 3, kAllow);
  b.call(kToken, 5, same);
  EXPECT_EQ(a.finish(), b.finish());
}

TEST(Builder, ALargeNumberOfBlocksIsCanonicalToo) {
  Builder builder(kKillThread);
  builder.arch(kToken, kAllow);
  for (SyscallNr nr = 0; nr < 10000; nr += 2) builder.call(kToken, nr, make_errno(1));
  const Policy policy = builder.finish();
  expect_canonical(policy);
  EXPECT_EQ(policy.runs_for(kToken).size(), 10000U);
}

TEST(Simplify, NeverChangesTheFunction) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision before = test::random_decision(rng);
    const Decision after = simplify(before);
    EXPECT_LE(after.clauses.size(), before.clauses.size());
    // A policy may hold any decision, simplified or not: compare both on each value that matters.
    const Policy raw{{}, {{0, 0xffffffff, 0}}, {before}}, simple{{}, {{0, 0xffffffff, 0}}, {after}};
    for (const Call& call : interesting_calls(raw))
      ASSERT_EQ(evaluate(raw, call), evaluate(simple, call)) << "seed " << seed;
    EXPECT_EQ(first_difference(raw, simple), std::nullopt) << "seed " << seed;
    EXPECT_EQ(simplify(after), after) << "seed " << seed;
  }
}

TEST(Simplify, RemovesWhatDecidesNothing) {
  const Decision d = simplify({{{{{0, Op::ge, 0}, {1, Op::le, ~std::uint64_t{0}}, {2, Op::eq, 1}}, kAllow},
                                {{{2, Op::eq, 1}, {3, Op::eq, 4}}, make_errno(2)},  // covered by the first
                                {{{4, Op::eq, 1}, {4, Op::eq, 2}}, make_errno(3)},  // impossible
                                {{{5, Op::masked_eq, 2, 1}}, make_errno(3)},        // impossible
                                {{{5, Op::gt, 2}, {5, Op::gt, 7}}, make_errno(4)},
                                {{{1, Op::eq, 3}}, make_errno(1)}},  // what follows anyway
                               make_errno(1)});
  const Decision expected{{{{{2, Op::eq, 1}}, kAllow}, {{{5, Op::ge, 8}}, make_errno(4)}}, make_errno(1)};
  EXPECT_EQ(d, expected);
  EXPECT_TRUE(simplify({{{{{0, Op::masked_eq, 0, 0}}, kAllow}}, make_errno(1)}).is_constant());
}

}  // namespace
}  // namespace callgate::policy
