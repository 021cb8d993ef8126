// Each load check alone, and which of two faults is named.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/check.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "bpf/diagnostic_ids.h"

namespace callgate::bpf {
namespace {

constexpr Insn kAllow{op::kRetK, 0, 0, kRetAllow};

int number(const Program& program) {
  const auto failure = check(program);
  if (!failure) return 0;
  EXPECT_EQ(failure->os_errno, EINVAL);
  EXPECT_FALSE(failure->message.empty());
  return failure->number;
}
int number_of(Insn insn) {
  return number({insn, kAllow});
}

TEST(Check, Length) {
  EXPECT_EQ(number({}), kEmptyFilter.number);
  EXPECT_EQ(number(Program(4096, kAllow)), 0);
  EXPECT_EQ(number(Program(4097, kAllow)), kTooLong.number);
}

TEST(Check, Opcodes) {
  EXPECT_EQ(number_of({0xffff, 0, 0, 0}), kUnknownOpcode.number);
  EXPECT_EQ(number_of({0x8c, 0, 0, 0}), kUnknownOpcode.number);  // neg has no X form
  EXPECT_EQ(number_of({op::kModK, 0, 0, 3}), kNotForSeccomp.number);
  EXPECT_EQ(number_of({0xb1, 0, 0, 0}), kNotForSeccomp.number);
  EXPECT_EQ(number_of({0x40, 0, 0, 0}), kNotForSeccomp.number);
}

TEST(Check, Constants) {
  EXPECT_EQ(number_of({op::kDivK, 0, 0, 0}), kDivisionByZero.number);
  EXPECT_EQ(number_of({op::kModK, 0, 0, 0}), kDivisionByZero.number);
  EXPECT_EQ(number_of({op::kDivK | op::kAluX, 0, 0, 0}), 0);
  EXPECT_EQ(number_of({op::kLshK, 0, 0, 31}), 0);
  EXPECT_EQ(number_of({op::kLshK, 0, 0, 32}), kShiftTooFar.number);
  EXPECT_EQ(number_of({op::kRshK | op::kAluX, 0, 0, 32}), 0);
  EXPECT_EQ(number_of({op::kSt, 0, 0, 15}), 0);
  EXPECT_EQ(number_of({op::kSt, 0, 0, 16}), kNoSuchScratch.number);
  EXPECT_EQ(number_of({op::kLdxMem, 0, 0, 0xffffffff}), kNoSuchScratch.number);
}

TEST(Check, Jumps) {
  EXPECT_EQ(number_of({op::kJa, 0, 0, 0}), 0);
  EXPECT_EQ(number_of({op::kJa, 0, 0, 1}), kJumpOutside.number);
  EXPECT_EQ(number_of({op::kJa, 0, 0, 0xffffffff}), kJumpOutside.number);
  EXPECT_EQ(number_of({op::kJeqK, 0, 1, 0}), kJumpOutside.number);
  EXPECT_EQ(number_of({op::kJsetK | op::kAluX, 1, 0, 0}), kJumpOutside.number);
  EXPECT_EQ(number({{op::kJeqK, 1, 0, 0}, kAllow, kAllow}), 0);
  EXPECT_EQ(check(Program{{op::kJa, 0, 0, 11}, kAllow})->message,
            "jump to 12 is outside the program of 2 instructions");
}

TEST(Check, Loads) {
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 60}), 0);
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 64}), kBadLoadOffset.number);
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 2}), kBadLoadOffset.number);
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 0xfffff000}), kBadLoadOffset.number);
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 0xfffff002}), kUnknownAncillary.number);
  EXPECT_EQ(number_of({op::kLdAbs, 0, 0, 0xfffff040}), kUnknownAncillary.number);
}

TEST(Check, LastInstructionReturns) {
  const auto failure = check(Program{kAllow, {op::kTax, 0, 0, 0}});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->number, kNoFinalReturn.number);
  EXPECT_EQ(failure->insn, 2U);
}

TEST(Check, ScratchIsWrittenOnEveryPath) {
  const Insn load{op::kLdMem, 0, 0, 3}, store{op::kStx, 0, 0, 3};
  EXPECT_EQ(number({load, kAllow}), kUnwrittenScratch.number);
  EXPECT_EQ(number({store, load, kAllow}), 0);
  EXPECT_EQ(number({{op::kJeqK, 0, 1, 5}, store, load, kAllow}), kUnwrittenScratch.number);
  EXPECT_EQ(number({{op::kJeqK, 0, 1, 5}, store, kAllow, load, kAllow}), kUnwrittenScratch.number);
  // Behind an unconditional jump that nothing else reaches, everything counts as written.
  EXPECT_EQ(number({{op::kJa, 0, 0, 1}, load, kAllow}), 0);
  // A return does not end what is known.
  EXPECT_EQ(number({kAllow, load, kAllow}), kUnwrittenScratch.number);
}

TEST(Check, FaultsAreFoundPassByPass) {
  // The seccomp pass comes last, so a later classic fault wins over an earlier seccomp one.
  const auto failure = check(Program{{op::kModK, 0, 0, 3}, {op::kLshK, 0, 0, 40}, kAllow});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->number, kShiftTooFar.number);
  EXPECT_EQ(failure->insn, 1U);
  EXPECT_EQ(number({{op::kModK, 0, 0, 3}, {op::kLdMem, 0, 0, 0}, kAllow}), kUnwrittenScratch.number);
  EXPECT_EQ(number({{op::kLdMem, 0, 0, 0}, {op::kTax, 0, 0, 0}}), kNoFinalReturn.number);
}

TEST(TranslatedSize, CountsWhatEachInstructionBecomes) {
  EXPECT_EQ(translated_size(Program{kAllow}), 5U);
  EXPECT_EQ(translated_size(Program{{op::kRetA, 0, 0, 0}}), 4U);
  const auto added = [](Insn insn) { return translated_size(Program{insn, kAllow, kAllow, kAllow}) - 9; };
  EXPECT_EQ(added({op::kTax, 0, 0, 0}), 1U);
  EXPECT_EQ(added({op::kDivK | op::kAluX, 0, 0, 0}), 5U);
  EXPECT_EQ(added({op::kJeqK, 1, 0, 5}), 1U);
  EXPECT_EQ(added({op::kJeqK, 0, 1, 5}), 1U);
  EXPECT_EQ(added({op::kJsetK, 0, 1, 5}), 2U);
  EXPECT_EQ(added({op::kJgeK, 1, 1, 5}), 2U);
  EXPECT_EQ(added({op::kJgtK, 1, 2, 0x80000000}), 3U);
  EXPECT_EQ(added({op::kJgtK | op::kAluX, 1, 2, 0x80000000}), 2U);
}

TEST(CheckStack, LimitIsExact) {
  EXPECT_FALSE(check_stack({}));
  EXPECT_FALSE(check_stack(std::vector<std::size_t>{kMaxStackInsns}));
  EXPECT_FALSE(check_stack(std::vector<std::size_t>{30000, 2764}));
  const auto failure = check_stack(std::vector<std::size_t>{30000, 2765, 5});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->insn, 1U);
  EXPECT_EQ(failure->os_errno, ENOMEM);
  EXPECT_EQ(failure->number, kStackTooLong.number);
}

}  // namespace
}  // namespace callgate::bpf
