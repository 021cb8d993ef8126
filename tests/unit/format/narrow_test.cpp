// Narrowed decisions act on low words as the plain decision does on the words alone.
// SPDX-License-Identifier: Apache-2.0
#include "format/narrow.h"

#include <gtest/gtest.h>

#include <random>

namespace callgate::format {
namespace {

using policy::Action;
using policy::Clause;
using policy::Condition;
using policy::Decision;
using policy::Op;

Action act(const Decision& decision, const std::array<std::uint64_t, 6>& args) {
  for (const Clause& clause : decision.clauses) {
    bool all = true;
    for (const Condition& c : clause.conditions) all = all && policy::holds(c, args[c.arg]);
    if (all) return clause.action;
  }
  return decision.otherwise;
}

constexpr std::array<std::uint64_t, 12> kValues{0,          1,          2,          37,          38,          40,
                                                0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001, ~0ULL};

Decision random_decision(std::mt19937_64& random) {
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Decision decision{{}, policy::make_errno(1)};
  const std::size_t clauses = 1 + pick(4);
  for (std::size_t i = 0; i < clauses; ++i) {
    Clause clause{{}, pick(2) == 0 ? policy::kAllow : policy::make_errno(static_cast<std::uint16_t>(2 + pick(2)))};
    const std::size_t conditions = 1 + pick(3);
    for (std::size_t k = 0; k < conditions; ++k) {
      Condition c{static_cast<std::uint8_t>(pick(2)), static_cast<Op>(pick(7)), kValues[pick(kValues.size())]};
      if (c.op == Op::masked_eq) {
        c.mask = kValues[pick(kValues.size())];
        c.value &= c.mask;
      }
      clause.conditions.push_back(c);
    }
    decision.clauses.push_back(std::move(clause));
  }
  return decision;
}

// With `cut`, conditions are cut to 32 bits by hand and then compared with the argument's low word.
Decision cut_by_hand(Decision decision) {
  for (Clause& clause : decision.clauses)
    for (Condition& c : clause.conditions) {
      c.value &= 0xffffffff;
      if (c.op == Op::masked_eq) c.mask &= 0xffffffff;
    }
  return decision;
}

TEST(Narrow, ActsOnLowWordsAlone) {
  std::mt19937_64 random(20261123);
  std::size_t compared = 0;
  for (int round = 0; round < 1500; ++round) {
    const Decision plain = random_decision(random);
    for (const bool cut : {false, true}) {
      const Decision wanted = cut ? cut_by_hand(plain) : plain;
      const Decision narrow = narrow_to_low_words(plain, cut);
      for (const Clause& clause : narrow.clauses)
        for (const Condition& c : clause.conditions) ASSERT_EQ(c.op, Op::masked_eq);
      for (const std::uint64_t x : kValues)
        for (const std::uint64_t y : kValues)
          for (const std::uint64_t off : {0U, 1U}) {
            const std::array<std::uint64_t, 6> full{x + off, y - off};
            const std::array<std::uint64_t, 6> low{full[0] & 0xffffffff, full[1] & 0xffffffff};
            ASSERT_EQ(act(narrow, full), act(wanted, low)) << round << " cut " << cut;
            ++compared;
          }
    }
  }
  EXPECT_GT(compared, 500000U);
}

TEST(Narrow, TakesTheSideWithFewerBlocks) {
  // Docker's socket rule: a0 < 38, a0 == 39 or a0 > 40.
  const Decision socket{
      {{{{0, Op::lt, 38}}, policy::kAllow}, {{{0, Op::eq, 39}}, policy::kAllow}, {{{0, Op::gt, 40}}, policy::kAllow}},
      policy::make_errno(1)};
  EXPECT_LE(narrow_to_low_words(socket, true).clauses.size(), 8U);
  const Decision different{{{{{0, Op::ne, 16}, {2, Op::ne, 9}}, policy::kAllow}}, policy::make_errno(1)};
  EXPECT_LE(narrow_to_low_words(different, true).clauses.size(), 3U);
}

}  // namespace
}  // namespace callgate::format
