// Whole policies: arguments as Docker's default has them, tokens, weights, limits.
// SPDX-License-Identifier: Apache-2.0
#include "compile/compile.h"

#include "compile/report.h"
#include "policy/builder.h"
#include "simulated.h"

namespace callgate::compile {
namespace {

using policy::Condition;
using policy::Decision;
using policy::Op;

constexpr policy::AuditArch kX86_64 = 0xc000003e, kX86 = 0x40000003, kS390x = 0x80000016;
constexpr policy::Action kDeny = policy::make_errno(1);

policy::Policy only(policy::AuditArch token, const Decision& decision) {
  policy::Builder builder(kDeny);
  builder.arch(token, kDeny);
  builder.call(token, 41, decision);
  return builder.finish();
}

Decision any_of(const std::vector<std::vector<Condition>>& clauses, policy::Action then = policy::kAllow,
                policy::Action otherwise = kDeny) {
  Decision decision;
  decision.otherwise = otherwise;
  for (const auto& conditions : clauses) decision.clauses.push_back({conditions, then});
  return decision;
}

// Instructions beyond those that find call 41 and the two returns.
std::size_t argument_size(const Decision& decision) {
  const policy::Policy policy = only(kX86_64, decision);
  const bpf::Program program = compiled(policy);
  EXPECT_TRUE(agrees(policy, program));
  return program.size() - 6;  // ld arch, jeq, ld nr, jeq; two rets
}

TEST(Arguments, OfDockersDefaultTakeFewInstructions) {
  EXPECT_EQ(argument_size(any_of({{{0, Op::eq, 0}},
                                  {{0, Op::eq, 8}},
                                  {{0, Op::eq, 0x20000}},
                                  {{0, Op::eq, 0x20008}},
                                  {{0, Op::eq, 0xffffffff}}})),
            5U);
  EXPECT_EQ(argument_size(any_of({{{0, Op::lt, 38}}, {{0, Op::eq, 39}}, {{0, Op::gt, 40}}})), 5U);
  EXPECT_EQ(argument_size(any_of({{{0, Op::masked_eq, 0, 0x7e020000}}})), 2U);
}

TEST(Arguments, ThatDoNotMatterAreNotLoaded) {
  const Decision always = any_of({{{0, Op::ne, 16}}, {{0, Op::eq, 16}}});
  const policy::Policy policy = only(kX86_64, always);
  const bpf::Program program = compiled(policy);
  EXPECT_TRUE(bpf::probe_cache(program, kX86_64, 41).always_allowed);
  for (const bpf::Insn& insn : program) {
    if (insn.code == bpf::op::kLdAbs) {
      EXPECT_LT(insn.k, bpf::kOffsetIp);
    }
  }
}

TEST(Arguments, ThatKeepOthersBusyForeverAreInstant) {
  const Decision decision =
      any_of({{{2, Op::ne, ~0ULL}, {1, Op::ne, 0x1ffffffff}, {0, Op::lt, 3}}, {{0, Op::lt, 3}, {2, Op::le, 3}}});
  EXPECT_LE(argument_size(decision), 20U);
}

TEST(Arguments, AreWhereTheByteOrderPutsThem) {
  const policy::Policy policy = only(kS390x, any_of({{{1, Op::eq, 0x500000001}}}));
  const bpf::Program program = compiled(policy);
  EXPECT_TRUE(agrees(policy, program));
  for (const bpf::Insn& insn : program) {
    if (insn.code == bpf::op::kJeqK && insn.k == 5) {
      EXPECT_EQ((&insn - 1)->k, bpf::high_word_offset(1, false));
    }
  }
}

TEST(Arguments, WithDozensOfConditionsStayLinear) {
  Decision decision;
  decision.otherwise = kDeny;
  for (std::uint64_t i = 0; i < 60; ++i) {
    policy::Clause clause{{}, i % 2 == 0 ? policy::kAllow : policy::make_errno(static_cast<std::uint16_t>(i))};
    for (std::uint8_t arg = 0; arg < 6; ++arg) {
      clause.conditions.push_back({arg, Op::masked_eq, (i * 7 + arg) & 0x55, 0x55 + (i << arg)});
      clause.conditions.back().value &= clause.conditions.back().mask;
    }
    decision.clauses.push_back(std::move(clause));
  }
  const policy::Policy policy = only(kX86_64, decision);
  const bpf::Program program = compiled(policy);
  EXPECT_TRUE(agrees(policy, program));
  EXPECT_LT(program.size(), 60U * 6 * 3 + 100);
}

TEST(Compile, AnswersOneActionByOneInstruction) {
  EXPECT_EQ(compiled(policy::constant(policy::kAllow)).size(), 1U);
}

TEST(Compile, TellsX32FromX86_64ByTheNumber) {
  policy::Builder builder(policy::kKillThread);
  builder.arch(kX86_64, kDeny);
  builder.arch(kX86, kDeny);
  for (policy::SyscallNr nr = 0; nr < 300; nr += 3) {
    builder.call(kX86_64, nr, policy::kAllow);
    builder.call(kX86_64, arch::kX32Bit | (nr + 1), policy::kAllow);
    builder.call(kX86, nr + 2, policy::kAllow);
  }
  const policy::Policy policy = builder.finish();
  const bpf::Program program = compiled(policy);
  EXPECT_TRUE(agrees(policy, program));
  const auto reports = report(program, policy, {});
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[0].cost.instructions, program.size());
}

TEST(Compile, PutsHeavyCallsNearTheRoot) {
  policy::Builder builder(kDeny);
  builder.arch(kX86_64, kDeny);
  for (policy::SyscallNr nr = 0; nr < 400; nr += 5) builder.range(kX86_64, nr, nr + 1, policy::kAllow);
  const policy::Policy policy = builder.finish();
  Options options;
  options.weights = {{kX86_64, 205, 1000.0}, {kX86_64, 1, 1.0}};
  const bpf::Program weighted = compiled(policy, options), plain = compiled(policy);
  EXPECT_TRUE(agrees(policy, weighted));
  const auto mix = [&](const bpf::Program& program) {
    return report(program, policy, options.weights)[0].mix.value_or(0);
  };
  EXPECT_LT(mix(weighted), mix(plain) - 1);
}

TEST(Compile, ObjectivesTradeSizeForSpeed) {
  policy::Builder builder(kDeny);
  builder.arch(kX86_64, kDeny);
  for (policy::SyscallNr nr = 0; nr < 400; nr += 7) builder.range(kX86_64, nr, nr + nr % 3, policy::kAllow);
  const policy::Policy policy = builder.finish();
  Options size, speed;
  size.objective = Objective::size;
  speed.objective = Objective::speed;
  const bpf::Program small = compiled(policy, size), fast = compiled(policy, speed);
  EXPECT_LE(small.size(), fast.size());
  EXPECT_LE(report(fast, policy, {})[0].cost.executed_avg, report(small, policy, {})[0].cost.executed_avg);
}

TEST(Compile, NamesTheCostliestCallsOfAFilterThatIsTooLong) {
  policy::Builder builder(kDeny);
  builder.arch(kX86_64, kDeny);
  std::uint64_t value = 1;
  for (policy::SyscallNr nr = 0; nr < 60; ++nr) {
    std::vector<std::vector<Condition>> clauses;
    for (int i = 0; i < 100; ++i) clauses.push_back({{1, Op::eq, value = value * 6364136223846793005ULL + 1}});
    builder.call(kX86_64, nr, any_of(clauses));
  }
  const auto result = compile(builder.finish());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::limit);
  EXPECT_NE(result.error().message.find("the kernel takes 4096 (BPF_MAXINSNS)"), std::string::npos);
  EXPECT_NE(result.error().message.find("(x86_64: "), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().message.find("100 rules"), std::string::npos) << result.error().message;
}

TEST(Compile, TakesThousandsOfRuns) {
  policy::Builder builder(kDeny);
  builder.arch(kX86_64, kDeny);
  std::uint32_t nr = 0;
  for (std::uint32_t i = 0; i < 1500; ++i) builder.call(kX86_64, nr += 2 + i * 7 % 5, policy::kAllow);
  const policy::Policy policy = builder.finish();
  EXPECT_TRUE(agrees(policy, compiled(policy)));
}

}  // namespace
}  // namespace callgate::compile
