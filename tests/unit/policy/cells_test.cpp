// SPDX-License-Identifier: Apache-2.0
#include "policy/cells.h"

#include <gtest/gtest.h>

#include "policy/algebra.h"
#include "policy/builder.h"
#include "policy/changes.h"
#include "unit/policy/random_decision.h"

namespace callgate::policy {
namespace {

constexpr AuditArch kToken = 0xc000003e;

Policy single(const Decision& d) {
  return {{{kToken, {{0, 0xffffffff, 0}}}}, {{0, 0xffffffff, 0}}, {d}};
}

Action answer(const Decision& d, const std::array<std::uint64_t, 6>& args) {
  return evaluate(single(d), {kToken, 0, args});
}

bool holds_in(const ArgRegion& region, std::uint64_t value) {
  ArgRegion one = region;
  one.require({0, Op::eq, value}, true);
  return !one.empty();
}

bool contains(const Cell& cell, const std::array<std::uint64_t, 6>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto& regions = cell.args[i]->regions;
    const auto in = std::count_if(regions.begin(), regions.end(), [&](const auto& r) { return holds_in(r, args[i]); });
    EXPECT_LE(in, 1) << "the regions of an argument overlap";
    if (in == 0) return false;
  }
  return true;
}

// Many clauses of one family each: the shapes that profiles are generated in.
Decision family(std::mt19937_64& rng, std::size_t clauses) {
  const Action actions[] = {kAllow, make_errno(1), make_errno(99)};
  const std::uint64_t kind = rng() % 7, of_actions = 1 + rng() % 3, mask = std::uint64_t{0xf0f} << rng() % 32;
  Decision d{{}, kKillProcess};
  for (std::size_t i = 0; i < clauses; ++i) {
    const std::uint64_t v = rng() % (clauses * 2);
    Clause clause{{}, actions[rng() % of_actions]};
    switch (kind) {
      case 0:
        clause.conditions = {{0, Op::eq, v}};
        break;
      case 1:
        clause.conditions = {{0, Op::eq, v % 17}, {1, Op::eq, v / 17}};
        break;
      case 2:
        clause.conditions = {{0, Op::masked_eq, rng() & mask, mask}};
        break;
      case 3:
        clause.conditions = {{0, Op::ge, v}, {0, Op::le, v + rng() % 5}};
        break;
      case 4:
        clause.conditions = {{0, Op::ne, v}, {1, Op::eq, rng() % 64}};
        break;
      case 5:
        clause.conditions = {{0, Op::ge, v}, {1, Op::lt, rng() % 64}};
        break;
      default:
        clause.conditions = {{0, Op::eq, v}, {1, rng() % 2 == 0 ? Op::gt : Op::eq, rng() % 8}};
        if (rng() % 3 == 0) clause.conditions = {{1, Op::masked_eq, 4, 6}};
        break;
    }
    d.clauses.push_back(std::move(clause));
  }
  return d;
}

std::vector<std::array<std::uint64_t, 6>> probes(const Decision& a, const Decision& b, std::mt19937_64& rng) {
  std::vector<std::uint64_t> values{0, 1, ~std::uint64_t{0}};
  for (const Decision* d : {&a, &b})
    for (const Clause& clause : d->clauses)
      for (const Condition& c : clause.conditions)
        for (const std::uint64_t v : {c.value - 1, c.value, c.value + 1, c.value | ~c.mask}) values.push_back(v);
  std::vector<std::array<std::uint64_t, 6>> out;
  for (int i = 0; i < 60; ++i) {
    auto& args = out.emplace_back();
    for (std::size_t arg = 0; arg < 3; ++arg) args[arg] = values[rng() % values.size()];
  }
  return out;
}

// Each call is in exactly one cell, which answers as the decisions do.
void expect_partition(const Decision& a, const Decision& b, std::mt19937_64& rng, const std::string& where) {
  std::vector<std::tuple<Cell, Action, Action>> cells;
  for_each_cell(a, b, {}, Interest::all, [&](const Cell& cell, Action x, Action y) {
    cells.emplace_back(cell, x, y);
    return true;
  });
  for (const auto& [cell, x, y] : cells) {
    ASSERT_TRUE(contains(cell, cell.least())) << where;
    ASSERT_EQ(answer(a, cell.least()), x) << where;
    ASSERT_EQ(answer(b, cell.least()), y) << where;
  }
  for (const auto& args : probes(a, b, rng)) {
    std::size_t in = 0;
    for (const auto& [cell, x, y] : cells) {
      if (!contains(cell, args)) continue;
      ++in;
      ASSERT_EQ(answer(a, args), x) << where;
      ASSERT_EQ(answer(b, args), y) << where;
    }
    ASSERT_EQ(in, 1U) << where;
  }
}

TEST(Cells, ArePartitionOfAllCallsOnWhichBothAnswersAreSettled) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision a = test::random_decision(rng), b = test::random_decision(rng);
    expect_partition(a, b, rng, "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Cells, ArePartitionForManyClausesToo) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision a = family(rng, 20 + rng() % 60), b = seed % 2 == 0 ? family(rng, 20) : Decision{{}, kAllow};
    expect_partition(a, b, rng, "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Cells, LeastDifferenceIsThatOfTheWalk) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision a = test::random_decision(rng);
    Decision b = a;
    if (seed % 3 != 0) b = test::random_decision(rng);
    std::optional<std::array<std::uint64_t, 6>> by_walk, by_cells;
    const auto keep = [](auto& least, const auto& leaf) {
      if (!least || leaf.least() < *least) least = leaf.least();
    };
    walk({&a}, {&b}, {}, [&](const CallRegion& region, Action x, Action y) {
      if (x != y) keep(by_walk, region);
      return true;
    });
    for_each_cell(a, b, {}, Interest::differing, [&](const Cell& cell, Action x, Action y) {
      if (x != y) keep(by_cells, cell);
      return true;
    });
    ASSERT_EQ(by_walk, by_cells) << "seed " << seed;
  }
}

TEST(Cells, StopWhereTheyWouldTakeTooMuchWork) {
  std::mt19937_64 rng(1);
  Decision d{{}, kKillProcess};
  for (std::uint64_t i = 0; i < 400; ++i)
    d.clauses.push_back({{{0, Op::ge, i * 2}, {1, Op::eq, i}, {2, Op::ne, i}}, kAllow});
  const auto all = [](const Cell&, Action, Action) { return true; };
  EXPECT_FALSE(for_each_cell(d, {{}, kKillProcess}, {}, Interest::all, all, 100));
  EXPECT_TRUE(for_each_cell(d, {{}, kKillProcess}, {}, Interest::all, all));
}

TEST(Simplify, ManyClausesKeepTheirMeaning) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 rng(seed);
    const Decision before = family(rng, 300 + rng() % 700);
    const Decision after = simplify(before);
    ASSERT_LE(after.clauses.size(), before.clauses.size());
    ASSERT_FALSE(first_difference(single(before), single(after))) << "seed " << seed;
    for (const auto& args : probes(before, after, rng))
      ASSERT_EQ(answer(before, args), answer(after, args)) << "seed " << seed;
    for (const Clause& clause : after.clauses) ASSERT_FALSE(clause.conditions.empty());
  }
}

TEST(Simplify, SixtyThousandValuesInARowAreOneInterval) {
  Decision d{{}, make_errno(1)};
  for (std::uint64_t v = 0; v < 60000; ++v) d.clauses.push_back({{{0, Op::eq, (v * 7919) % 60000}}, kAllow});
  EXPECT_EQ(simplify(d), (Decision{{{{{0, Op::le, 59999}}, kAllow}}, make_errno(1)}));
}

TEST(Simplify, AGridOfPairsIsOneRectangle) {
  Decision d{{}, make_errno(1)};
  for (std::uint64_t v = 0; v < 60000; ++v) d.clauses.push_back({{{0, Op::eq, v % 300}, {1, Op::eq, v / 300}}, kAllow});
  EXPECT_EQ(simplify(d), (Decision{{{{{0, Op::le, 299}, {1, Op::le, 199}}, kAllow}}, make_errno(1)}));
}

TEST(Changes, OfManyValuesAreOneRegion) {
  Decision even{{}, make_errno(1)}, all{{}, make_errno(1)};
  for (std::uint64_t v = 0; v < 60000; ++v) {
    all.clauses.push_back({{{0, Op::eq, v}}, kAllow});
    if (v % 2 == 0) even.clauses.push_back({{{0, Op::eq, v}}, kAllow});
  }
  const auto found = changes(single(simplify(even)), single(simplify(all)));
  ASSERT_FALSE(found.empty());
  ASSERT_EQ(found[0].regions.size(), 1U);
  const RegionChange& region = found[0].regions[0];
  EXPECT_EQ(region.args[0].intervals.size(), 30000U);
  EXPECT_EQ(region.args[0].intervals.front(), (Interval{1, 1}));
  EXPECT_EQ(region.witness[0], 1U);
}

}  // namespace
}  // namespace callgate::policy
