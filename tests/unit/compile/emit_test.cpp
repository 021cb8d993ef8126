// Jumps of every length around the 255 instructions that jt and jf can span.
// SPDX-License-Identifier: Apache-2.0
#include "compile/emit.h"

#include "simulated.h"

namespace callgate::compile {
namespace {

constexpr std::uint32_t kFirst = 1000;

// A chain of `tests` JEQ nodes; number kFirst + i returns i, anything else `rest`. The first test also jumps to the far
// end, over all others.
bpf::Program chain(std::uint32_t tests, NodeId (*far)(Graph&)) {
  Graph graph;
  const NodeId rest = far(graph);
  NodeId node = rest;
  for (std::uint32_t i = tests; i-- > 0;) node = graph.test(bpf::op::kJeqK, kFirst + i, graph.ret(i), node);
  node = graph.test(bpf::op::kJeqK, 1, rest, node);
  return emit(graph, graph.load(bpf::kOffsetNr, node));
}

std::uint32_t answer(const bpf::Program& program, std::uint32_t nr) {
  bpf::SeccompData data;
  data.nr = nr;
  data.arch = 0xc000003e;
  return bpf::run(program, data).value;
}

TEST(Emit, ReachesEveryDistanceToAReturn) {
  for (std::uint32_t tests = 120; tests <= 270; ++tests) {
    const bpf::Program program = chain(tests, [](Graph& graph) { return graph.ret(bpf::kRetAllow); });
    ASSERT_FALSE(bpf::check(program)) << tests;
    for (std::uint32_t i = 0; i < tests; ++i) ASSERT_EQ(answer(program, kFirst + i), i) << tests;
    ASSERT_EQ(answer(program, 1), bpf::kRetAllow) << tests;
    ASSERT_EQ(answer(program, kFirst + tests), bpf::kRetAllow) << tests;
  }
}

TEST(Emit, ReachesEveryDistanceToCode) {
  for (std::uint32_t tests = 120; tests <= 270; ++tests) {
    const bpf::Program program = chain(tests, [](Graph& graph) {
      return graph.load(bpf::kOffsetArch,
                        graph.test(bpf::op::kJeqK, 0xc000003e, graph.ret(bpf::kRetAllow), graph.ret(7)));
    });
    ASSERT_FALSE(bpf::check(program)) << tests;
    for (std::uint32_t i = 0; i < tests; ++i) ASSERT_EQ(answer(program, kFirst + i), i) << tests;
    ASSERT_EQ(answer(program, 1), bpf::kRetAllow) << tests;
    ASSERT_EQ(answer(program, kFirst + tests), bpf::kRetAllow) << tests;
  }
}

TEST(Emit, CopiesATestThatTwoLoadsShare) {
  Graph graph;
  const NodeId shared = graph.test(bpf::op::kJeqK, 5, graph.ret(1), graph.ret(2));
  const NodeId root = graph.test(bpf::op::kJeqK, 9, graph.load(16, shared), graph.load(24, shared));
  const bpf::Program program = emit(graph, graph.load(bpf::kOffsetNr, root));
  EXPECT_FALSE(bpf::check(program));
  EXPECT_EQ(program.size(), 8U);  // ld nr, jeq 9, twice (ld, jeq 5), two returns; no jump
  bpf::SeccompData data;
  data.arch = 0xc000003e;
  data.args = {5, 4, 0, 0, 0, 0};
  data.nr = 9;
  EXPECT_EQ(bpf::run(program, data).value, 1U);
  data.nr = 8;
  EXPECT_EQ(bpf::run(program, data).value, 2U);
}

TEST(Graph, SharesEqualNodesAndDropsIdleOnes) {
  Graph graph;
  const NodeId allow = graph.ret(bpf::kRetAllow), deny = graph.ret(0);
  EXPECT_EQ(graph.test(bpf::op::kJeqK, 3, allow, deny), graph.test(bpf::op::kJeqK, 3, allow, deny));
  EXPECT_EQ(graph.test(bpf::op::kJeqK, 3, allow, allow), allow);
  EXPECT_EQ(graph.load(bpf::kOffsetNr, allow), allow);
  EXPECT_EQ(graph.test(bpf::op::kJgeK, 0, allow, deny), allow);
  EXPECT_EQ(graph.test(bpf::op::kJsetK, 0, allow, deny), deny);
}

}  // namespace
}  // namespace callgate::compile
