// Sets of one word against brute force.
// SPDX-License-Identifier: Apache-2.0
#include "prove/value_set.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <functional>

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

// One random condition after the other on a word whose free bits are spread by `spread`, until nothing is left; all
// values are tried at each step.
unsigned expect_exact(Random& random, const std::function<std::uint32_t(std::uint32_t)>& spread) {
  ValueSet set;
  Exclusions arena;
  const std::uint32_t free = spread(kSmall - 1);
  EXPECT_EQ(set.require(arena, ~free, Relation::eq, 0, true), ValueSet::Narrowed::some);
  std::vector<bool> member(kSmall, true);
  for (int step = 0; step < 14; ++step) {
    std::uint32_t mask = random.one_in(2) ? 0xffffffff : spread(static_cast<std::uint32_t>(random.below(kSmall)));
    std::uint32_t k = spread(static_cast<std::uint32_t>(random.below(kSmall)));
    const Relation relation = random.one_in(2) ? Relation::gt : Relation::eq;
    // Bits beside the mask, and of the mask beside what is free, change nothing in an order.
    if (relation == Relation::gt && random.one_in(3)) k += static_cast<std::uint32_t>(random.below(3)) - 1;
    if (random.one_in(4)) mask |= static_cast<std::uint32_t>(random.next()) & ~free;
    const bool truth = relation == Relation::gt ? random.one_in(2) : random.one_in(8);
    const auto holds = [&](std::uint32_t x) { return relation == Relation::eq ? (x & mask) == k : (x & mask) > k; };
    const Truth said = set.decide(mask, relation, k);
    bool any = false, all = true, left = false;
    for (std::uint32_t i = 0; i < kSmall; ++i) {
      if (!member[i]) continue;
      any = any || holds(spread(i));
      all = all && holds(spread(i));
    }
    EXPECT_TRUE(said == Truth::open || (said == Truth::yes ? all : !any));
    const auto narrowed = set.require(arena, mask, relation, k, truth);
    for (std::uint32_t i = 0; i < kSmall; ++i) {
      member[i] = member[i] && holds(spread(i)) == truth;
      left = left || member[i];
    }
    EXPECT_EQ(narrowed, left ? ValueSet::Narrowed::some : ValueSet::Narrowed::empty);
    if (!left) return 1;
    for (std::uint32_t i = 0; i < kSmall; ++i) EXPECT_EQ(set.contains(arena, spread(i)), member[i]);
    bool gave_up = false;
    const auto found = set.member(arena, gave_up);
    EXPECT_FALSE(gave_up);
    EXPECT_TRUE(found && set.contains(arena, *found));
    EXPECT_TRUE(set.has_sample && set.contains(arena, set.sample));
    if (testing::Test::HasFailure()) break;
  }
  return 0;
}

TEST(ValueSet, RequireIsExact) {
  Random random(2);
  unsigned emptied = 0;
  for (int round = 0; round < 4000 && !HasFailure(); ++round)
    emptied += expect_exact(random, [](std::uint32_t x) { return x; });
  EXPECT_GT(emptied, 100U);
}

TEST(ValueSet, RequireIsExactOnBitsFarApart) {
  Random random(4);
  unsigned emptied = 0;
  for (int round = 0; round < 4000 && !HasFailure(); ++round) {
    std::array<std::uint32_t, 6> bits{};
    std::uint32_t used = 0;
    for (std::uint32_t& bit : bits) {
      do bit = 1U << random.below(32);
      while ((used & bit) != 0);
      used |= bit;
    }
    emptied += expect_exact(random, [&bits](std::uint32_t x) {
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < bits.size(); ++i) value |= (x >> i & 1) != 0 ? bits[i] : 0;
      return value;
    });
  }
  EXPECT_GT(emptied, 100U);
}

// Orders under every mask of eight bits, with every bound: the sets are what counting says.
TEST(ValueSet, OrdersUnderEveryMask) {
  for (std::uint32_t mask = 0; mask < 256; ++mask) {
    for (std::uint32_t k = 0; k < 256; k += 3) {
      for (const bool truth : {false, true}) {
        ValueSet set;
        Exclusions arena;
        const auto narrowed = set.require(arena, mask, Relation::gt, k, truth);
        bool left = false;
        for (std::uint32_t x = 0; x < 256; ++x) {
          const bool holds = ((x & mask) > k) == truth;
          left = left || holds;
          if (narrowed == ValueSet::Narrowed::some) {
            ASSERT_EQ(set.contains(arena, x | 0xabcd00), holds) << mask << ' ' << k;
          }
        }
        ASSERT_EQ(narrowed, left ? ValueSet::Narrowed::some : ValueSet::Narrowed::empty) << mask << ' ' << k;
        ASSERT_LE(arena.size(), 33U);
      }
    }
  }
}

// What is hardest for a search over 32 bits: six things in five places, one each, and three-bit exclusions as many as
// are hardest at random. All end well within what a search may take.
TEST(ValueSet, TheHardestSetsAreDecided) {
  ValueSet pigeons;
  Exclusions arena;
  constexpr unsigned kThings = 6, kPlaces = 5;
  const auto bit = [](unsigned thing, unsigned place) { return 1U << (thing * kPlaces + place); };
  for (unsigned place = 0; place < kPlaces; ++place)
    for (unsigned one = 0; one < kThings; ++one)
      for (unsigned other = 0; other < one; ++other) {
        const std::uint32_t both = bit(one, place) | bit(other, place);
        ASSERT_EQ(pigeons.require(arena, both, Relation::eq, both, false), ValueSet::Narrowed::some);
      }
  ValueSet::Narrowed last{};
  for (unsigned thing = 0; thing < kThings; ++thing)
    last = pigeons.require(arena, 0x1fU << (thing * kPlaces), Relation::eq, 0, false);
  EXPECT_EQ(last, ValueSet::Narrowed::empty);

  Random random(5);
  unsigned emptied = 0;
  for (int round = 0; round < 300; ++round) {
    ValueSet set;
    Exclusions of_set;
    for (int step = 0; step < 137; ++step) {
      std::uint32_t mask = 0;
      while (std::popcount(mask) < 3) mask |= 1U << random.below(32);
      const auto narrowed =
          set.require(of_set, mask, Relation::eq, static_cast<std::uint32_t>(random.next()) & mask, false);
      ASSERT_NE(narrowed, ValueSet::Narrowed::unsure);
      if (narrowed == ValueSet::Narrowed::empty) {
        ++emptied;
        break;
      }
    }
  }
  EXPECT_GT(emptied, 30U);
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
