// Programs of several compilers, and by hand, as policies: equal to what was compiled, or at least to the program, and
// said as a person would.
// SPDX-License-Identifier: Apache-2.0
#include "prove/decompile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bpf/assembly.h"
#include "bpf/check.h"
#include "compile/compile.h"
#include "policy/builder.h"
#include "support/naive_compiler.h"
#include "support/rounds.h"
#include "unit/prove/random_programs.h"

namespace callgate::prove {
namespace {

using policy::Op;
using policy::Policy;
using test_support::Random;
using test_support::random_policy;
using test_support::rounds;

constexpr policy::AuditArch kX86_64 = 0xc000003e, kX86 = 0x40000003, kS390x = 0x80000016;

bpf::Program assembled(const std::string& text, bool little_endian = true) {
  const base::SourceFile file("program", text);
  base::Diagnostics diagnostics;
  const auto program = bpf::assemble(file, diagnostics, little_endian);
  EXPECT_TRUE(program) << base::render_text(diagnostics, false);
  if (!program) return {{bpf::op::kRetK, 0, 0, 0}};
  EXPECT_FALSE(bpf::check(*program));
  return *program;
}

// "a0 ge 0x10 & a1 eq 0x2 -> ALLOW; else KILL_THREAD"
std::string said(const Policy& policy, policy::AuditArch audit, policy::SyscallNr nr) {
  constexpr const char* kOps[] = {"eq", "ne", "lt", "le", "gt", "ge", "masked"};
  const auto& runs = policy.runs_for(audit);
  const policy::Decision& decision = policy.decisions[runs[Policy::find_run(runs, nr)].decision];
  std::string out;
  for (const policy::Clause& clause : decision.clauses) {
    std::vector<std::string> words;
    for (const policy::Condition& c : clause.conditions)
      words.push_back(fmt::format("a{} {} {:#x}", c.arg, kOps[static_cast<int>(c.op)], c.value) +
                      (c.op == Op::masked_eq ? fmt::format(" of {:#x}", c.mask) : ""));
    out += fmt::format("{} -> {}; ", fmt::join(words, " & "), to_string(clause.action));
  }
  return out + "else " + to_string(decision.otherwise);
}

std::string said(const std::string& text, policy::AuditArch audit = kX86_64, policy::SyscallNr nr = 1,
                 bool little_endian = true) {
  const auto policy = decompile(assembled(text, little_endian));
  return policy ? said(*policy, audit, nr) : policy.error().message;
}

// Behind a test for x86_64, whose other tokens are killed; L9 allows, L8 denies.
std::string of_arguments(const std::string& body) {
  return said("ld arch\njeq #0xc000003e, L1, L7\nL1: " + body +
              "\nL9: ret ALLOW\nL8: ret ERRNO(1)\nL7: ret KILL_PROCESS\n");
}

// Two compilers' programs of one policy: each one's policy is proved equal to the other's program.
TEST(Decompile, CompiledRandomPoliciesComeBackEqual) {
  unsigned done = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const Policy policy = random_policy(seed);
    const auto compiled = compile::compile(policy);
    const auto naive = test_support::compile_naively(policy);
    if (!compiled || !naive) continue;
    ++done;
    const auto one = decompile(compiled->program), other = decompile(*naive);
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(prove(*one, *naive).verdict, Verdict::equal);
    EXPECT_EQ(prove(*other, compiled->program).verdict, Verdict::equal);
    for (const policy::Call& call : test_support::random_calls(policy, seed, 300))
      ASSERT_EQ(evaluate(*one, call), evaluate(policy, call));
  }
  EXPECT_GT(done, 20U);
}

// What comes out says what the program does, also where that is not what anybody meant.
TEST(Decompile, ChangedProgramsAreWhatTheyDo) {
  test_support::RandomPolicyLimits limits;
  limits.max_calls = 8;
  limits.max_rules = 3;
  limits.max_conditions = 2;
  unsigned done = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const auto compiled = compile::compile(random_policy(seed, limits));
    if (!compiled) continue;
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(fmt::format("{}/{}", seed, i));
      const bpf::Program changed = mutate(compiled->program, random);
      const auto policy = decompile(changed);
      if (!policy) {
        ++refused;
        EXPECT_NE(policy.error().code, base::ErrorCode::internal) << policy.error().message;
        continue;
      }
      ++done;
      for (bpf::SeccompData& data : random_data(changed, random, 200)) {
        data.instruction_pointer = 0;
        ASSERT_EQ(evaluate(*policy, {data.arch, data.nr, data.args}), answer(changed, data));
      }
    }
  }
  EXPECT_GT(done, 150U);
  EXPECT_LT(refused, 60U);
}

TEST(Decompile, RandomProgramsAreExactOrRefused) {
  unsigned done = 0;
  for (std::uint64_t seed = 1; seed <= rounds(600); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ProgramShape shape;
    shape.multiplication = false;
    shape.words = seed % 2 == 0 ? 2 : 16;
    const bpf::Program program = random_program(random, shape);
    const auto policy = decompile(program);
    if (!policy) {
      EXPECT_NE(policy.error().code, base::ErrorCode::internal) << policy.error().message;
      continue;
    }
    ++done;
    for (const bpf::SeccompData& data : random_data(program, random, 100))
      ASSERT_EQ(evaluate(*policy, {data.arch, data.nr, data.args}), answer(program, data));
  }
  EXPECT_GT(done, rounds(200));
}

TEST(Decompile, WordsBecomeComparisonsOfWholeArguments) {
  EXPECT_EQ(of_arguments("ld args[1].hi\njeq #0x1, L2, L8\nL2: ld args[1].lo\njeq #0x5, L9, L8"),
            "a1 eq 0x100000005 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[1].hi\njgt #0x1, L9, L2\nL2: jeq #0x1, L3, L8\n"
                         "L3: ld args[1].lo\njge #0x5, L9, L8"),
            "a1 ge 0x100000005 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[1].hi\njeq #0, L2, L9\nL2: ld args[1].lo\njeq #0x28, L8, L9"),
            "a1 ne 0x28 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].hi\njge #0x10, L9, L8"), "a0 ge 0x1000000000 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].lo\njeq #0x7, L9, L8"), "a0 masked 0x7 of 0xffffffff -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].lo\njgt #0xff, L8, L9"), "a0 masked 0x0 of 0xffffff00 -> ALLOW; else ERRNO(1)");
}

TEST(Decompile, MasksStayMasks) {
  EXPECT_EQ(of_arguments("ld args[0].lo\njset #0x7e020000, L8, L9"),
            "a0 masked 0x0 of 0x7e020000 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].lo\nand #0xf0\njeq #0x30, L9, L8"),
            "a0 masked 0x30 of 0xf0 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].lo\nand #0xf0\nrsh #4\njeq #0x3, L9, L8"),
            "a0 masked 0x30 of 0xf0 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].hi\njeq #0, L2, L8\nL2: ld args[0].lo\nand #0x3\njeq #0x1, L9, L8"),
            "a0 masked 0x1 of 0xffffffff00000003 -> ALLOW; else ERRNO(1)");
}

TEST(Decompile, OrdersUnderMasks) {
  EXPECT_EQ(of_arguments("ld args[0].lo\nand #0xf0\njge #0x30, L9, L8"),
            "a0 masked 0x0 of 0xe0 -> ERRNO(1); a0 masked 0x20 of 0xf0 -> ERRNO(1); else ALLOW");
  EXPECT_EQ(of_arguments("ld args[0].lo\nand #0x5\njgt #0x1, L9, L8"), "a0 masked 0x4 of 0x4 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(
      of_arguments("ld args[0].hi\njeq #0, L2, L8\nL2: ld args[0].lo\nand #0x103\njgt #0x2, L8, L9"),
      "a0 masked 0x0 of 0xffffffff00000102 -> ALLOW; a0 masked 0x2 of 0xffffffff00000103 -> ALLOW; else ERRNO(1)");
}

// Behind the token, so that only arguments are under masks: every such program is a policy.
TEST(Decompile, MaskedWordsAreNeverRefused) {
  for (std::uint64_t seed = 1; seed <= rounds(800); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const ProgramShape shape{
        .body = 6 + random.below(16), .arithmetic = false, .masks = true, .first_word = 4, .words = 4};
    bpf::Program program{{bpf::op::kLdAbs, 0, 0, 4}, {bpf::op::kJeqK, 1, 0, kX86_64}, {bpf::op::kRetK, 0, 0, 0}};
    for (const bpf::Insn& insn : random_program(random, shape)) program.push_back(insn);
    const auto policy = decompile(program);
    ASSERT_TRUE(policy) << policy.error().message;
    for (const bpf::SeccompData& data : random_data(program, random, 100))
      ASSERT_EQ(evaluate(*policy, {data.arch, data.nr, data.args}), answer(program, data));
  }
}

TEST(Decompile, RegistersAndScratchWordsAreFollowed) {
  EXPECT_EQ(of_arguments("ldx #0x28\nld args[0].hi\njeq #0, L2, L8\nL2: ld args[0].lo\njeq x, L9, L8"),
            "a0 eq 0x28 -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].hi\nst M[3]\nld args[0].lo\njeq #0x4, L2, L8\nL2: ld M[3]\njeq #0, L9, L8"),
            "a0 eq 0x4 -> ALLOW; else ERRNO(1)");
  // A constant on the left of what X holds of the call: 5 > word, 5 >= word.
  EXPECT_EQ(of_arguments("ld args[0].hi\ntax\nld #5\njgt x, L9, L8"), "a0 le 0x4ffffffff -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ld args[0].hi\ntax\nld #5\njge x, L9, L8"), "a0 le 0x5ffffffff -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(of_arguments("ldx #0\nld #7\ndiv x\nja L9"), "else KILL_THREAD");
  EXPECT_EQ(of_arguments("ld args[0].lo\nst M[0]\nld #0x7fff0000\nret a"), "else ALLOW");
}

TEST(Decompile, TokensAndNumbersAreSplit) {
  const auto policy =
      decompile(assembled("ld arch\njeq #0xc000003e, L1, L2\nL1: ld nr\njset #0x40000000, L8, L3\nL3: jge #10, L8, L9\n"
                          "L2: jeq #0x40000003, L4, L7\nL4: ld nr\njgt #3, L9, L8\n"
                          "L9: ret ALLOW\nL8: ret ERRNO(38)\nL7: ret KILL_PROCESS\n"));
  ASSERT_TRUE(policy) << policy.error().message;
  ASSERT_EQ(policy->archs.size(), 2U);
  EXPECT_EQ(policy->archs[0].audit, kX86);
  EXPECT_EQ(policy->archs[1].audit, kX86_64);
  EXPECT_EQ(policy->archs[1].runs.size(), 2U);
  EXPECT_EQ(said(*policy, kX86_64, 9), "else ALLOW");
  EXPECT_EQ(said(*policy, kX86_64, 0x40000001), "else ERRNO(38)");
  EXPECT_EQ(said(*policy, kX86, 4), "else ALLOW");
  EXPECT_EQ(said(*policy, kS390x, 4), "else KILL_PROCESS");
}

// Big endian tokens have the high word first.
TEST(Decompile, ByteOrderFollowsTheToken) {
  const std::string body =
      "ld arch\njeq #{}, L1, L7\nL1: ld args[0].hi\njeq #0, L2, L7\nL2: ld args[0].lo\n"
      "jeq #3, L9, L7\nL9: ret ALLOW\nL7: ret KILL_THREAD\n";
  EXPECT_EQ(said(fmt::format(fmt::runtime(body), "0x80000016"), kS390x, 1, false),
            "a0 eq 0x3 -> ALLOW; else KILL_THREAD");
  EXPECT_EQ(said(fmt::format(fmt::runtime(body), "0x80000016"), kS390x, 1, true),
            "a0 eq 0x300000000 -> ALLOW; else KILL_THREAD");
}

// The number is asked again behind an argument; the argument before the token, but to no effect.
TEST(Decompile, QuestionsInAnyOrder) {
  const auto policy =
      decompile(assembled("ld arch\njeq #0xc000003e, L1, L7\nL1: ld args[0].hi\njeq #0, L2, L8\n"
                          "L2: ld nr\njeq #5, L9, L3\nL3: jeq #6, L8, L7\n"
                          "L9: ret ALLOW\nL8: ret ERRNO(1)\nL7: ret KILL_PROCESS\n"));
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(said(*policy, kX86_64, 5), "a0 le 0xffffffff -> ALLOW; else ERRNO(1)");
  EXPECT_EQ(said(*policy, kX86_64, 6), "else ERRNO(1)");
  EXPECT_EQ(said(*policy, kX86_64, 7), "a0 ge 0x100000000 -> ERRNO(1); else KILL_PROCESS");
  EXPECT_EQ(said("ld ip.lo\njeq #0, L1, L1\nL1: ret LOG\n"), "else LOG");
}

TEST(Decompile, ReturnValuesAreWhatTheKernelMakesOfThem) {
  EXPECT_EQ(said("ret #0x12345678\n"), "else KILL_PROCESS");
  EXPECT_EQ(said("ret #0x0005ffff\n"), "else ERRNO(4095)");
  EXPECT_EQ(said("ret #0x7fff0007\n"), "else ALLOW");
}

// Thousands of paths that meet again, to no effect.
TEST(Decompile, SharedTailsDoNotMultiply) {
  std::string text = "ld arch\njeq #0xc000003e, L1, L7\nL1: ld nr\n";
  for (int i = 0; i < 6; ++i) text += fmt::format("jeq #{}, M{}, M{}\nM{}: ld args[{}].lo\n", i, i, i, i, i % 6);
  for (int i = 0; i < 10; ++i)
    text += fmt::format("ld args[{}].lo\njset #{:#x}, N{}, N{}\nN{}: ld nr\n", i % 6, 1U << (i / 6), i, i, i);
  EXPECT_EQ(said(text + "jeq #1, L9, L7\nL9: ret ALLOW\nL7: ret KILL_THREAD\n"), "else ALLOW");
}

TEST(Decompile, RefusalsSayWhere) {
  EXPECT_EQ(of_arguments("ld args[0].lo\nadd #1\njeq #5, L9, L8"),
            "instruction 4 compares what instruction 3 computes from the call; only AND and shifts to the right by "
            "constants are followed");
  EXPECT_EQ(of_arguments("ld args[0].lo\ntax\nld args[1].lo\njeq x, L9, L8"),
            "instruction 5 compares two words of the call with each other");
  EXPECT_EQ(said("ld nr\nret a\n"), "instruction 1 returns a value that depends on the call");
  EXPECT_EQ(of_arguments("ld args[0].lo\ntax\nld #8\ndiv x\njeq #1, L9, L8"),
            "instruction 5 divides by part of the call");
  EXPECT_EQ(said("ld ip.lo\njeq #0, L1, L2\nL1: ret ALLOW\nL2: ret LOG\n"),
            "the answer to call 0x0 of architecture 0x00000000 depends on the instruction pointer");
  EXPECT_EQ(said("ld nr\njset #1, L1, L2\nL1: ret ALLOW\nL2: ret LOG\n"),
            "instruction 1 splits the call numbers into more than 32768 ranges");
  EXPECT_NE(said("ld args[0].lo\njeq #0, L1, L2\nL1: ret ALLOW\nL2: ret LOG\n").find("2147483648 architecture tokens"),
            std::string::npos);
}

TEST(Decompile, StacksAreOnePolicy) {
  const std::string frame = "ld nr\njeq #{}, L1, L2\nL1: ret {}\nL2: ret {}\n";
  const auto filter = [&](int nr, const char* yes, const char* no) {
    return assembled(fmt::format(fmt::runtime(frame), nr, yes, no));
  };
  const Stack stack{filter(1, "ERRNO(2)", "ALLOW"), filter(1, "ERRNO(1)", "LOG"), filter(2, "KILL_PROCESS", "ALLOW")};
  const auto policy = decompile(stack);
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(said(*policy, kX86_64, 1), "else ERRNO(2)");
  EXPECT_EQ(said(*policy, kX86_64, 2), "else KILL_PROCESS");
  EXPECT_EQ(said(*policy, kX86_64, 3), "else LOG");
  EXPECT_EQ(decompile(Stack{}).value(), policy::constant(policy::kAllow));
  const auto refused = decompile(Stack{stack[0], assembled("ld nr\nret a\n")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "filter 2 of 2: instruction 1 returns a value that depends on the call");
}

}  // namespace
}  // namespace callgate::prove
