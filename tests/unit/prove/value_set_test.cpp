// Sets of one word against brute force.
// SPDX-License-Identifier: Apache-2.0
#include "prove/value_set.h"

#include <gtest/gtest.h>

#include "prove/range.h"
#include "support/random_policy.h"

namespace callgate::prove {
namespace {

using test_support::Random;

// Values that fit in 6 bits, so that all can be tried.
constexpr std::uint32_t kSmall = 64;

TEST(ValueSet, NeighboursMatchBruteForce) {
  Random random(1);
  for (int i = 0; i < 3000; ++i) {
    const auto mask = static_cast<std::uint32_t>(random.below(kSmall)),
               bits = static_cast<std::uint32_t>(random.next()) & mask;
    const auto x = static_cast<std::uint32_t>(random.below(kSmall));
    std::uint32_t next = x, previous = x;
    while ((next & mask) != bits) ++next;
    EXPECT_EQ(next_matching(x, mask, bits), next);
    while (previous != 0xffffffff && (previous & mask) != bits) --previous;
    const auto found = previous_matching(x, mask, bits);
    if (previous == 0xffffffff && (previous & mask) != bits) {
      EXPECT_FALSE(found.has_value());
    } else if (previous != 0xffffffff) {
      EXPECT_EQ(found, previous);
    }
  }
  EXPECT_EQ(next_matching(0xffffffff, 1, 0), std::nullopt);
  EXPECT_EQ(previous_matching(0, 1, 1), std::nullopt);
}

TEST(ValueSet, RequireIsExact) {
  Random random(2);
  unsigned emptied = 0;
  for (int round = 0; round < 4000; ++round) {
    ValueSet set;
    Exclusions arena;
    ASSERT_EQ(set.require(arena, 0xffffffff, Relation::gt, kSmall - 1, false), ValueSet::Narrowed::some);
    std::vector<bool> member(kSmall, true);
    for (int step = 0; step < 14; ++step) {
      const std::uint32_t mask = random.one_in(2) ? 0xffffffff : static_cast<std::uint32_t>(random.below(kSmall));
      const auto k = static_cast<std::uint32_t>(random.below(kSmall));
      const Relation relation = random.one_in(3) ? Relation::gt : Relation::eq;
      const bool truth = relation == Relation::gt ? random.one_in(2) : random.one_in(8);
      const Truth said = set.decide(mask, relation, k);
      bool any = false, all = true;
      for (std::uint32_t x = 0; x < kSmall; ++x) {
        if (!member[x]) continue;
        const bool holds = relation == Relation::eq ? (x & mask) == k : (x & mask) > k;
        any = any || holds;
        all = all && holds;
      }
      if (said == Truth::yes) {
        ASSERT_TRUE(all);
      } else if (said == Truth::no) {
        ASSERT_FALSE(any);
      }
      const auto narrowed = set.require(arena, mask, relation, k, truth);
      if (narrowed == ValueSet::Narrowed::beyond) continue;
      bool left = false;
      for (std::uint32_t x = 0; x < kSmall; ++x) {
        const bool holds = relation == Relation::eq ? (x & mask) == k : (x & mask) > k;
        member[x] = member[x] && holds == truth;
        left = left || member[x];
        if (narrowed == ValueSet::Narrowed::some) {
          ASSERT_EQ(set.contains(arena, x), member[x]);
        }
      }
      ASSERT_EQ(narrowed == ValueSet::Narrowed::some, left);
      if (!left) {
        ++emptied;
        break;
      }
      bool gave_up = false;
      const auto found = set.member(arena, gave_up);
      ASSERT_TRUE(found.has_value() && member[*found]);
      ASSERT_TRUE(member[set.sample]);
    }
  }
  EXPECT_GT(emptied, 100U);
}

// Pairs of exclusions that leave nothing although no single one does: the lowest bit is neither 0 nor 1.
TEST(ValueSet, InterlockingExclusionsOverTheWholeWord) {
  ValueSet set;
  Exclusions arena;
  for (const std::uint32_t high : {0x0U, 0x80000000U})
    EXPECT_EQ(set.require(arena, 0x80000001, Relation::eq, high, false), ValueSet::Narrowed::some);
  EXPECT_EQ(set.require(arena, 0x80000001, Relation::eq, 1, false), ValueSet::Narrowed::some);
  EXPECT_EQ(set.require(arena, 0x80000001, Relation::eq, 0x80000001, false), ValueSet::Narrowed::empty);
}

TEST(Range, OperationsHoldEveryResult) {
  Random random(3);
  constexpr TermOp kOps[] = {TermOp::add,  TermOp::sub, TermOp::mul, TermOp::div, TermOp::or_,
                             TermOp::and_, TermOp::lsh, TermOp::rsh, TermOp::neg, TermOp::xor_};
  const auto value = [&] {
    const auto x = static_cast<std::uint32_t>(random.pick(test_support::boundary_values()));
    return random.one_in(2) ? x + static_cast<std::uint32_t>(random.below(5))
                            : static_cast<std::uint32_t>(random.next());
  };
  // A range that is known to hold x.
  const auto around = [&](std::uint32_t x) {
    Range range;
    range.low = random.one_in(2) ? x - static_cast<std::uint32_t>(random.below(std::uint64_t{x} + 1)) : x;
    range.high = random.one_in(2) ? x + static_cast<std::uint32_t>(random.below(std::uint64_t{0xffffffff - x} + 1)) : x;
    range.mask = static_cast<std::uint32_t>(random.next() & random.next());
    range.bits = x & range.mask;
    EXPECT_TRUE(sharpen(range));
    return range;
  };
  for (int i = 0; i < 200000; ++i) {
    const TermOp op = random.pick(std::span<const TermOp>(kOps));
    const std::uint32_t a = value(), b = random.one_in(3) ? value() & 31 : value(), result = apply(op, a, b);
    const Range range = apply(op, around(a), around(b));
    ASSERT_TRUE(range.low <= result && result <= range.high && (result & range.mask) == range.bits)
        << static_cast<int>(op) << ' ' << a << ' ' << b;
  }
}

}  // namespace
}  // namespace callgate::prove
