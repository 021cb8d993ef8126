// Trees over one word: exact on every piece, and as small as the shape allows.
// SPDX-License-Identifier: Apache-2.0
#include "compile/run_tree.h"

#include <map>

#include "compile/emit.h"
#include "simulated.h"
#include "support/random_policy.h"

namespace callgate::compile {
namespace {

constexpr std::uint32_t kLast = 0xffffffff;

// A function of the number as it changes: from each key on it returns the value.
using Steps = std::map<std::uint32_t, std::uint32_t>;

bpf::Program tree_of(const Steps& steps, float price = 0.02F) {
  Graph graph;
  RunTree trees(graph);
  std::vector<Piece> pieces;
  for (const auto& [first, value] : steps) {
    const NodeId leaf = graph.ret(value);
    if (pieces.empty() || pieces.back().leaf != leaf) pieces.push_back({first, leaf, 0});
  }
  for (Piece& piece : pieces) piece.weight = 1.0F / static_cast<float>(pieces.size());
  return emit(graph, graph.load(bpf::kOffsetNr, trees.build(pieces, kLast, price)));
}

void expect_exact(const Steps& steps, const bpf::Program& program) {
  ASSERT_FALSE(bpf::check(program));
  for (const auto& step : steps) {
    for (const std::uint32_t nr : {step.first - 1, step.first, step.first + 1}) {
      bpf::SeccompData data;
      data.nr = nr;
      ASSERT_EQ(bpf::run(program, data).value, std::prev(steps.upper_bound(nr))->second) << nr;
    }
  }
}

TEST(RunTree, TellsLowBitsApartByOneTest) {
  Steps steps{{0, 1}};
  for (const std::uint32_t nr : {300U, 304U, 308U, 312U}) steps[nr] = 2, steps[nr + 1] = 3;
  steps[299] = 3;
  steps[313] = 1;
  const bpf::Program program = tree_of(steps);
  expect_exact(steps, program);
  EXPECT_EQ(program.size(), 1 + 3 + 3U);  // two cuts and one JSET
}

TEST(RunTree, TellsCombinationsOfFlagsApartByOneTest) {
  Steps steps{{0, 1}, {1, 2}};
  for (const std::uint32_t nr : {8U, 0x20000U, 0x20008U, 0xffffffffU}) {
    steps[nr] = 1;
    if (nr != kLast) steps[nr + 1] = 2;
  }
  const bpf::Program program = tree_of(steps, 0.25F);
  expect_exact(steps, program);
  EXPECT_EQ(program.size(), 1 + 2 + 2U);  // JSET ~0x20008, JEQ 0xffffffff
}

TEST(RunTree, NeedsOneTestForASingleNumber) {
  const Steps steps{{0, 1}, {77, 2}, {78, 1}};
  const bpf::Program program = tree_of(steps);
  expect_exact(steps, program);
  EXPECT_EQ(program.size(), 1 + 1 + 2U);
}

TEST(RunTree, IsExactOnRandomSteps) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    test_support::Random random(seed);
    Steps steps{{0, 0}};
    std::uint32_t nr = 0;
    const auto count = random.below(seed % 10 == 0 ? 600 : 60);
    const auto values = 2 + random.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      nr += static_cast<std::uint32_t>(random.one_in(3) ? 1 + random.below(40) : 1);
      steps[nr] = static_cast<std::uint32_t>(random.below(values));
    }
    const bpf::Program program = tree_of(steps, seed % 2 == 0 ? 0.02F : 1.0F);
    expect_exact(steps, program);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace callgate::compile
