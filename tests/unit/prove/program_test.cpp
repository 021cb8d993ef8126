// Programs against programs: random ones of every opcode, against themselves, changed, and in stacks.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>

#include "bpf/check.h"
#include "bpf/simulate.h"
#include "prove/engines.h"
#include "support/rounds.h"
#include "unit/prove/random_programs.h"

namespace callgate::prove {
namespace {

using test_support::Random;
using test_support::rounds;

bpf::Insn ret(std::uint32_t k) {
  return {bpf::op::kRetK, 0, 0, k};
}
bpf::Insn load(std::uint32_t word) {
  return {bpf::op::kLdAbs, 0, 0, 4 * word};
}

struct Tally {
  unsigned equal = 0, different = 0, undecided = 0;
  void count(Verdict verdict) {
    ++(verdict == Verdict::equal ? equal : verdict == Verdict::different ? different : undecided);
  }
};

// The verdict must be right about the counterexample, and no tried call may contradict "equal".
void expect_honest(const Stack& left, const Stack& right, const Outcome& outcome, Random& random) {
  if (outcome.verdict == Verdict::different) {
    EXPECT_TRUE(is_confirmed(left, right, outcome));
    return;
  }
  EXPECT_EQ(outcome.why.empty(), outcome.verdict == Verdict::equal);
  if (outcome.verdict != Verdict::equal) return;
  for (const Stack* side : {&left, &right})
    for (const bpf::Program& program : *side)
      for (const bpf::SeccompData& data : random_data(program, random, 150))
        ASSERT_EQ(policy::from_return_value(bpf::run_stack(left, data)),
                  policy::from_return_value(bpf::run_stack(right, data)));
}

TEST(ProvePrograms, RandomProgramsEqualThemselves) {
  Random random(11);
  Tally tally;
  for (std::uint64_t i = 0; i < rounds(1500); ++i) {
    const bpf::Program program = random_program(random, {.body = 6 + random.below(20)});
    const Outcome outcome = prove(Stack{program}, Stack{program});
    EXPECT_NE(outcome.verdict, Verdict::different) << "case " << i;
    tally.count(outcome.verdict);
  }
  EXPECT_EQ(tally.undecided, 0U);
}

TEST(ProvePrograms, ChangedProgramsWithoutMultiplication) {
  Random random(12);
  Tally tally;
  for (std::uint64_t i = 0; i < rounds(3000); ++i) {
    const ProgramShape shape{.body = 6 + random.below(16), .multiplication = false};
    const Stack left{random_program(random, shape)}, right{mutate(mutate(left[0], random), random)};
    const Outcome outcome = prove(left, right);
    expect_honest(left, right, outcome, random);
    tally.count(outcome.verdict);
    if (HasFailure()) FAIL() << "case " << i;
  }
  RecordProperty("undecided", static_cast<int>(tally.undecided));
  EXPECT_GT(tally.equal, rounds(300));
  EXPECT_GT(tally.different, rounds(300));
  EXPECT_LT(tally.undecided, 30U);
}

TEST(ProvePrograms, ChangedProgramsOfAllOpcodes) {
  Random random(13);
  Tally tally;
  for (std::uint64_t i = 0; i < rounds(1200); ++i) {
    const ProgramShape shape{.body = 6 + random.below(16), .words = static_cast<unsigned>(1 + random.below(16))};
    const Stack left{random_program(random, shape)}, right{mutate(mutate(left[0], random), random)};
    const Outcome outcome = prove(left, right);
    expect_honest(left, right, outcome, random);
    tally.count(outcome.verdict);
    if (HasFailure()) FAIL() << "case " << i;
  }
  RecordProperty("undecided", static_cast<int>(tally.undecided));
  EXPECT_GT(tally.equal, rounds(150));
  EXPECT_GT(tally.different, rounds(150));
  EXPECT_LT(tally.undecided, 30U);
}

// Words under any masks, held against constants by any comparison: whatever the tools that make filters emit.
TEST(ProvePrograms, MaskedWordsAreAlwaysDecided) {
  Random random(17);
  Tally tally;
  for (std::uint64_t i = 0; i < rounds(4000); ++i) {
    const ProgramShape shape{.body = 6 + random.below(30),
                             .arithmetic = false,
                             .masks = true,
                             .words = static_cast<unsigned>(1 + random.below(6))};
    const Stack left{random_program(random, shape)}, right{mutate(mutate(left[0], random), random)};
    const Outcome outcome = prove(left, right);
    expect_honest(left, right, outcome, random);
    tally.count(outcome.verdict);
    if (HasFailure()) FAIL() << "case " << i;
  }
  EXPECT_GT(tally.equal, rounds(300));
  EXPECT_GT(tally.different, rounds(300));
  EXPECT_EQ(tally.undecided, 0U);
}

// (word & mask) against k, in every shape that says the same: equal, and not after one bit is changed.
TEST(ProvePrograms, OrdersUnderMasksInOtherWords) {
  namespace op = bpf::op;
  Random random(18);
  for (std::uint64_t i = 0; i < rounds(2000); ++i) {
    const auto mask = static_cast<std::uint32_t>(random.next() & random.next()) & 0xfffffff0U;
    if (mask == 0) continue;
    const std::uint32_t k = static_cast<std::uint32_t>(random.next()) & mask;
    const bpf::Program order{load(4), {op::kAndK, 0, 0, mask}, {op::kJgeK, 0, 1, k}, ret(0), ret(0x7fff0000)};
    // Bits of the mask from the highest down: the first in which they differ decides.
    bpf::Program by_bits{load(4)};
    for (std::uint32_t left = mask; left != 0; left &= ~std::bit_floor(left)) {
      const std::uint32_t bit = std::bit_floor(left);
      const auto below = static_cast<std::uint8_t>(std::popcount(left) - 1);
      if ((k & bit) != 0)
        by_bits.push_back({op::kJsetK, 0, static_cast<std::uint8_t>(below + 1), bit});  // missing: less
      else
        by_bits.push_back({op::kJsetK, below, 0, bit});  // there: greater
    }
    by_bits.push_back(ret(0));
    by_bits.push_back(ret(0x7fff0000));
    ASSERT_FALSE(bpf::check(by_bits).has_value());
    const Outcome outcome = prove(Stack{order}, Stack{by_bits});
    ASSERT_EQ(outcome.verdict, Verdict::equal) << mask << ' ' << k << ' ' << outcome.why;
    const bpf::Program shifted{load(4), {op::kRshK, 0, 0, 4}, {op::kAndK, 0, 0, mask >> 4}, {op::kJgeK, 0, 1, k >> 4},
                               ret(0),  ret(0x7fff0000)};
    ASSERT_EQ(prove(Stack{order}, Stack{shifted}).verdict, Verdict::equal) << mask << ' ' << k;
    bpf::Program changed = order;
    changed[2].k = k == 0 ? 1 : (k - 1) & mask;  // the bound's neighbour under the mask
    const Outcome differs = prove(Stack{changed}, Stack{by_bits});
    ASSERT_TRUE(is_confirmed({changed}, {by_bits}, differs)) << mask << ' ' << k;
  }
}

TEST(ProvePrograms, BothDomainsAgreeOnSimplePrograms) {
  Random random(14);
  for (std::uint64_t i = 0; i < rounds(2000); ++i) {
    const ProgramShape shape{.body = 8 + random.below(24), .arithmetic = false, .masks = random.one_in(2), .words = 6};
    const bpf::Program left = random_program(random, shape), right = mutate(left, random);
    const Question question{.programs = {left, right}, .left_programs = 1};
    const auto simple = decide_simple(question, {});
    ASSERT_TRUE(simple) << "case " << i;
    const Outcome general = decide_general(question, {});
    ASSERT_EQ(simple->verdict, general.verdict) << "case " << i;
    ASSERT_EQ(simple->paths, general.paths) << "case " << i;
    if (simple->counterexample) {
      ASSERT_EQ(simple->counterexample->call, general.counterexample->call) << "case " << i;
    }
    ASSERT_NE(simple->verdict, Verdict::undecided) << "case " << i;
  }
}

TEST(ProveStacks, AgreeWithTheKernelsRule) {
  Random random(15);
  Tally tally;
  for (std::uint64_t i = 0; i < rounds(1500); ++i) {
    Stack left, right;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
      left.push_back(random_program(random, {.body = 4 + random.below(6), .arithmetic = random.one_in(2)}));
    right = left;
    bpf::Program& one = right[random.below(right.size())];
    switch (random.below(3)) {
      case 0:
        std::swap(right.front(), right.back());
        break;
      case 1:
        right.push_back(right[0]);
        break;
      default:
        one = mutate(mutate(one, random), random);
    }
    const Outcome outcome = prove(left, right);
    expect_honest(left, right, outcome, random);
    tally.count(outcome.verdict);
    if (HasFailure()) FAIL() << "case " << i;
  }
  EXPECT_GT(tally.equal, rounds(300));
  EXPECT_GT(tally.different, rounds(80));
  EXPECT_LT(tally.undecided, 15U);
}

Outcome same(const Stack& left, const Stack& right) {
  return prove(left, right);
}

TEST(ProveStacks, DataOfTheNewestOfEqualActionsCounts) {
  const bpf::Program one{ret(0x00050001)}, two{ret(0x00050002)}, allow{ret(0x7fff0000)};
  EXPECT_EQ(same({one, two}, {one}).verdict, Verdict::equal);
  EXPECT_EQ(same({one, two}, {two, one}).verdict, Verdict::different);
  EXPECT_EQ(same({allow, two, one}, {two}).verdict, Verdict::equal);
  EXPECT_EQ(same({}, {allow}).verdict, Verdict::equal);
  // An unknown action orders by its number: 0x00010000 lies between KILL_THREAD and TRAP, and then kills the process.
  EXPECT_EQ(same({{ret(0x00010000)}, {ret(0x00030000)}}, {{ret(0x80000000)}}).verdict, Verdict::equal);
  EXPECT_EQ(same({{ret(0x00010000)}, {ret(0)}}, {{ret(0)}}).verdict, Verdict::equal);
}

TEST(ProvePrograms, ActionsAreComparedAsTheKernelTreatsThem) {
  EXPECT_EQ(same({{ret(0x7fff0007)}}, {{ret(0x7fff0000)}}).verdict, Verdict::equal);
  EXPECT_EQ(same({{ret(0x80001234)}}, {{ret(0x99990000)}}).verdict, Verdict::equal);
  EXPECT_EQ(same({{ret(0x0005ffff)}}, {{ret(0x00050fff)}}).verdict, Verdict::equal);
  EXPECT_EQ(same({{ret(0x00030001)}}, {{ret(0x00030002)}}).verdict, Verdict::different);
}

// A returned from arithmetic: ERRNO(number & 0xff), with the data cut and without.
TEST(ProvePrograms, ReturnedAccumulator) {
  const bpf::Program masked{
      load(0), {bpf::op::kAndK, 0, 0, 0xff}, {bpf::op::kOrK, 0, 0, 0x00050000}, {bpf::op::kRetA, 0, 0, 0}};
  bpf::Program added = masked;
  added[2] = {bpf::op::kAddK, 0, 0, 0x00050000};
  EXPECT_EQ(same({masked}, {added}).verdict, Verdict::equal);
  added[1].k = 0x1ff;
  const Outcome wider = same({masked}, {added});
  ASSERT_EQ(wider.verdict, Verdict::different);
  EXPECT_EQ(wider.counterexample->call.nr, 0x100U);
  EXPECT_EQ(wider.counterexample->right, policy::make_errno(0x100));
}

TEST(ProvePrograms, InstructionPointerIsPartOfTheCall) {
  const bpf::Program asks{load(2), {bpf::op::kJeqK, 0, 1, 0x1234}, ret(0), ret(0x7fff0000)};
  const Outcome outcome = prove(policy::constant(policy::kAllow), asks);
  ASSERT_EQ(outcome.verdict, Verdict::different);
  EXPECT_TRUE(is_confirmed(policy::constant(policy::kAllow), asks, outcome));
  EXPECT_NE(outcome.counterexample->instruction_pointer, 0U);
}

TEST(ProvePrograms, StepLimitIsUndecided) {
  Random random(16);
  const bpf::Program program = random_program(random, {.body = 20, .arithmetic = false});
  const Outcome outcome = prove(Stack{program}, Stack{program}, {.max_steps = 3});
  EXPECT_EQ(outcome.verdict, Verdict::undecided);
  EXPECT_NE(outcome.why.find("3 symbolic steps"), std::string::npos);
}

// (x * y) & 1 against x & y & 1: equal, but not by this method; and a product that is hard to hit.
TEST(ProvePrograms, ProductsOfTwoWordsAreNeverCalledEqualWithoutProof) {
  const auto product = [](std::uint32_t compared) {
    return bpf::Program{load(4),
                        {bpf::op::kTax, 0, 0, 0},
                        load(6),
                        {bpf::op::kMulK | bpf::op::kAluX, 0, 0, 0},
                        {bpf::op::kJeqK, 0, 1, compared},
                        ret(0),
                        ret(0x7fff0000)};
  };
  const Stack allow{{ret(0x7fff0000)}};
  for (const std::uint32_t k : {1U, 6U, 0x10001U, 0xdeadbeefU, 0xffffffffU}) {
    const Outcome outcome = prove(Stack{product(k)}, allow);
    EXPECT_NE(outcome.verdict, Verdict::equal) << k;
    EXPECT_TRUE(outcome.verdict == Verdict::undecided || is_confirmed({product(k)}, allow, outcome)) << k;
  }
  const bpf::Program square_is_2_mod_4{load(4),
                                       {bpf::op::kTax, 0, 0, 0},
                                       {bpf::op::kMulK | bpf::op::kAluX, 0, 0, 0},
                                       {bpf::op::kAndK, 0, 0, 3},
                                       {bpf::op::kJeqK, 0, 1, 2},
                                       ret(0),
                                       ret(0x7fff0000)};
  EXPECT_EQ(prove(Stack{square_is_2_mod_4}, allow).verdict, Verdict::equal);  // no square is 2 modulo 4
}

// (a + b) * (a - b) is a * a - b * b, which takes algebra that the prover does not have: it must say so.
TEST(ProvePrograms, AnIdentityOverProductsIsUndecided) {
  namespace op = bpf::op;
  const bpf::Program words{load(4), {op::kSt, 0, 0, 0}, load(6), {op::kSt, 0, 0, 1}};
  bpf::Program left = words, right = words;
  for (const bpf::Insn& insn : {bpf::Insn{op::kLdxMem, 0, 0, 1},
                                {op::kLdMem, 0, 0, 0},
                                {op::kAddK | op::kAluX, 0, 0, 0},
                                {op::kSt, 0, 0, 2},
                                {op::kLdMem, 0, 0, 0},
                                {op::kSubK | op::kAluX, 0, 0, 0},
                                {op::kLdxMem, 0, 0, 2},
                                {op::kMulK | op::kAluX, 0, 0, 0}})
    left.push_back(insn);
  for (const bpf::Insn& insn : {bpf::Insn{op::kLdxMem, 0, 0, 0},
                                {op::kLdMem, 0, 0, 0},
                                {op::kMulK | op::kAluX, 0, 0, 0},
                                {op::kSt, 0, 0, 2},
                                {op::kLdxMem, 0, 0, 1},
                                {op::kLdMem, 0, 0, 1},
                                {op::kMulK | op::kAluX, 0, 0, 0},
                                {op::kTax, 0, 0, 0},
                                {op::kLdMem, 0, 0, 2},
                                {op::kSubK | op::kAluX, 0, 0, 0}})
    right.push_back(insn);
  for (bpf::Program* program : {&left, &right})
    for (const bpf::Insn& insn : {bpf::Insn{op::kJeqK, 0, 1, 0x12345677}, ret(0), ret(0x7fff0000)})
      program->push_back(insn);
  ASSERT_FALSE(bpf::check(left).has_value());
  ASSERT_FALSE(bpf::check(right).has_value());
  const Outcome outcome = prove(Stack{left}, Stack{right});
  EXPECT_EQ(outcome.verdict, Verdict::undecided);
  EXPECT_FALSE(outcome.why.empty());
  right.back() = ret(0x00050001);  // what everything else gets
  EXPECT_EQ(prove(Stack{left}, Stack{right}).verdict, Verdict::different);
}

}  // namespace
}  // namespace callgate::prove
