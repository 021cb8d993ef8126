// The interpreter's edges, stacks, the cache probe and costs. live_run_test.cpp compares with the kernel at large.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/simulate.h"

#include <gtest/gtest.h>

#include "random_program.h"

namespace callgate::bpf {
namespace {

constexpr std::uint32_t kX86_64 = 0xc000003e;
constexpr Insn kRetA{op::kRetA, 0, 0, 0}, kAllow{op::kRetK, 0, 0, kRetAllow};

std::uint32_t value(const Program& program, const SeccompData& data = {.arch = kX86_64}) {
  return run(program, data).value;
}
// A after `A = a; X = x; A = A op X`.
std::uint32_t with_x(std::uint16_t code, std::uint32_t a, std::uint32_t x) {
  return value(
      {{op::kLdImm, 0, 0, a}, {op::kLdxImm, 0, 0, x}, {static_cast<std::uint16_t>(code | op::kAluX), 0, 0, 0}, kRetA});
}

TEST(Run, ArithmeticWrapsAt32Bits) {
  EXPECT_EQ(with_x(op::kAddK, 0xffffffff, 2), 1U);
  EXPECT_EQ(with_x(op::kSubK, 1, 2), 0xffffffffU);
  EXPECT_EQ(with_x(op::kMulK, 0x80000001, 2), 2U);
  EXPECT_EQ(with_x(op::kDivK, 0x80000000, 0xffffffff), 0U);
  EXPECT_EQ(with_x(op::kDivK, 0xfffffffe, 2), 0x7fffffffU);
  EXPECT_EQ(value({{op::kLdImm, 0, 0, 0x80000000}, {op::kNeg, 0, 0, 0}, kRetA}), 0x80000000U);
}

TEST(Run, ShiftsByXUseFiveBits) {
  EXPECT_EQ(with_x(op::kLshK, 3, 32), 3U);
  EXPECT_EQ(with_x(op::kLshK, 3, 63), 0x80000000U);
  EXPECT_EQ(with_x(op::kRshK, 0x80000000, 0xffffffff), 1U);
}

TEST(Run, DivisionByAZeroXReturnsZero) {
  const Program program{{op::kLdImm, 0, 0, 5}, {op::kDivK | op::kAluX, 0, 0, 0}, kAllow};
  const auto result = run(program, {.arch = kX86_64});
  EXPECT_EQ(result.value, kRetKillThread);
  EXPECT_EQ(result.executed, 2U);
}

TEST(Run, RegistersStartAtZeroAndLenIs64) {
  EXPECT_EQ(value({kRetA}), 0U);
  EXPECT_EQ(value({{op::kTxa, 0, 0, 0}, kRetA}), 0U);
  EXPECT_EQ(value({{op::kLdLen, 0, 0, 9}, kRetA}), 64U);
  EXPECT_EQ(value({{op::kLdxLen, 0, 0, 0}, {op::kTxa, 0, 0, 0}, kRetA}), 64U);
}

TEST(Run, ComparisonsAreUnsigned) {
  const auto taken = [](std::uint16_t code, std::uint32_t a, std::uint32_t k) {
    return value({{op::kLdImm, 0, 0, a}, {code, 0, 1, k}, {op::kRetK, 0, 0, 1}, {op::kRetK, 0, 0, 0}}) == 1;
  };
  EXPECT_TRUE(taken(op::kJgtK, 0x80000000, 0x7fffffff));
  EXPECT_FALSE(taken(op::kJgtK, 5, 5));
  EXPECT_TRUE(taken(op::kJgeK, 5, 5));
  EXPECT_TRUE(taken(op::kJsetK, 6, 4));
  EXPECT_FALSE(taken(op::kJsetK, 6, 9));
}

TEST(Run, LoadsAgreeWithLoadWord) {
  SeccompData data{.nr = 1, .arch = kX86_64, .instruction_pointer = 0x1122334455667788};
  for (std::size_t i = 0; i < 6; ++i) data.args[i] = 0x0102030405060708 * (i + 1);
  for (const std::uint32_t arch : {kX86_64, 0x80000016U, 0x40000003U, 8U}) {
    data.arch = arch;
    for (std::uint32_t offset = 0; offset < kDataBytes; offset += 4) {
      EXPECT_EQ(value({{op::kLdAbs, 0, 0, offset}, kRetA}, data), load_word(data, offset)) << arch << " " << offset;
    }
  }
}

TEST(Run, MarksWhatItExecutes) {
  const Program program{{op::kLdAbs, 0, 0, 0}, {op::kJeqK, 1, 0, 3}, kRetA, kAllow};
  std::vector<bool> covered(program.size());
  EXPECT_EQ(run(program, {.nr = 3, .arch = kX86_64}, covered).executed, 3U);
  EXPECT_EQ(covered, (std::vector<bool>{true, true, false, true}));
}

TEST(RunStack, MostRestrictiveActionThenNewest) {
  const auto ret = [](std::uint32_t k) { return Program{{op::kRetK, 0, 0, k}}; };
  const auto stack = [](std::vector<Program> newest_first) { return run_stack(newest_first, {.arch = kX86_64}); };
  EXPECT_EQ(stack({}), kRetAllow);
  EXPECT_EQ(stack({ret(kRetAllow | 7)}), kRetAllow);
  EXPECT_EQ(stack({ret(kRetErrno | 1), ret(kRetErrno | 2)}), kRetErrno | 1);
  EXPECT_EQ(stack({ret(kRetLog), ret(kRetErrno | 2), ret(kRetTrace)}), kRetErrno | 2);
  EXPECT_EQ(stack({ret(kRetKillThread), ret(kRetKillProcess)}), kRetKillProcess);
  EXPECT_EQ(stack({ret(kRetKillProcess | 3), ret(0xffff0000)}), kRetKillProcess | 3);
}

TEST(ProbeCache, FollowsOnlyWhatTheKernelFollows) {
  const auto probe = [](const Program& program, std::uint32_t nr = 3) { return probe_cache(program, kX86_64, nr); };
  const auto then_allow = [](Insn insn) { return Program{{op::kLdAbs, 0, 0, 0}, insn, kAllow}; };
  EXPECT_TRUE(probe({kAllow}).always_allowed);
  EXPECT_FALSE(probe({{op::kRetK, 0, 0, kRetAllow | 1}}).always_allowed);
  EXPECT_FALSE(probe({{op::kRetK, 0, 0, kRetLog}}).always_allowed);
  EXPECT_FALSE(probe({{op::kLdImm, 0, 0, kRetAllow}, kRetA}).always_allowed);
  EXPECT_TRUE(probe(then_allow({op::kAndK, 0, 0, 1})).always_allowed);
  EXPECT_TRUE(probe(then_allow({op::kJa, 0, 0, 0})).always_allowed);
  EXPECT_TRUE(probe(then_allow({op::kJsetK, 0, 0, 1})).always_allowed);
  EXPECT_TRUE(probe(then_allow({op::kLdAbs, 0, 0, 4})).always_allowed);
  EXPECT_FALSE(probe(then_allow({op::kLdAbs, 0, 0, 8})).always_allowed);
  EXPECT_FALSE(probe(then_allow({op::kOrK, 0, 0, 0})).always_allowed);
  EXPECT_FALSE(probe(then_allow({op::kTax, 0, 0, 0})).always_allowed);
  EXPECT_FALSE(probe(then_allow({op::kJeqK | op::kAluX, 0, 0, 0})).always_allowed);
  // An argument load on another path does no harm.
  const Program split{{op::kLdAbs, 0, 0, 0}, {op::kJeqK, 0, 1, 3}, kAllow, {op::kLdAbs, 0, 0, 16}, kAllow};
  EXPECT_TRUE(probe(split).always_allowed);
  EXPECT_EQ(probe(split).steps, 3U);
  EXPECT_FALSE(probe(split, 4).always_allowed);
  EXPECT_EQ(probe(split, 4).steps, 3U);
}

TEST(ProbeCache, X32IsNeverCachedAndProbesAlways) {
  EXPECT_FALSE(probe_cache(Program{kAllow}, kX86_64, 0x40000000).always_allowed);
  EXPECT_TRUE(probe_cache(Program{{op::kRetK, 0, 0, 0}}, kX86_64, 335).always_allowed);
  EXPECT_FALSE(probe_cache(Program{{op::kRetK, 0, 0, 0}}, 0x40000003, 335).always_allowed);
  EXPECT_FALSE(bypasses_filters(kX86_64, 334));
  EXPECT_FALSE(bypasses_filters(kX86_64, 337));
}

TEST(ProbeCache, CachedCallsAreAllowedWithAnyArguments) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    testing::Random random(seed);
    const Program program = testing::random_program(random, 2 + random.below(12));
    for (const std::uint32_t nr : {0U, 1U, 2U, 255U}) {
      if (!probe_cache(program, kX86_64, nr).always_allowed) continue;
      SeccompData data{.nr = nr, .arch = kX86_64, .instruction_pointer = random.wide()};
      for (std::uint64_t& arg : data.args) arg = random.wide();
      ASSERT_EQ(run(program, data).value, kRetAllow) << "seed " << seed;
    }
  }
}

TEST(CostOf, CountsOverTheNumbers) {
  const Program program{{op::kLdAbs, 0, 0, 0}, {op::kJeqK, 0, 1, 3}, kAllow, {op::kLdAbs, 0, 0, 16}, kAllow};
  const Cost result = cost(program, kX86_64, std::vector<std::uint32_t>{3, 4, 335});
  EXPECT_EQ(result.instructions, 5U);
  EXPECT_DOUBLE_EQ(result.executed_avg, (3 + 4 + 4) / 3.0);
  EXPECT_EQ(result.executed_max, 4U);
  EXPECT_EQ(result.cached_calls, 2U);
  EXPECT_EQ(result.load_steps, 6U);
  EXPECT_EQ(cost(program, kX86_64, {}).executed_avg, 0.0);
}

}  // namespace
}  // namespace callgate::bpf
