// Listings, and that every program survives text: assemble(disassemble(p)) == p.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpf/assembly.h"
#include "bpf/check.h"
#include "random_program.h"

namespace callgate::bpf {
namespace {

using ::testing::HasSubstr;

Names test_names() {
  return {.arch = [](std::uint32_t audit) { return audit == 0xc000003e ? std::string("x86_64") : std::string(); },
          .call = [](std::uint32_t audit,
                     std::uint32_t nr) { return audit == 0 ? std::string() : fmt::format("call{}@{:x}", nr, audit); }};
}

const Program& sample() {
  static const Program program{{op::kLdAbs, 0, 0, 4},
                               {op::kJeqK, 0, 5, 0xc000003e},
                               {op::kLdAbs, 0, 0, 0},
                               {op::kJeqK, 2, 0, 0x101},
                               {op::kLdAbs, 0, 0, 24},
                               {op::kJsetK, 0, 1, 3},
                               {op::kRetK, 0, 0, kRetErrno | 1},
                               {op::kRetK, 0, 0, kRetAllow}};
  return program;
}

TEST(Disassemble, NamesWordsCallsAndActions) {
  EXPECT_EQ(disassemble(sample(), test_names()),
            "L0: ld arch\n"
            "L1: jeq #0xc000003e, L2, L7          ; x86_64\n"
            "L2: ld nr\n"
            "L3: jeq #0x101, L6, L4               ; call257@c000003e\n"
            "L4: ld args[1].lo\n"
            "L5: jset #3, L6, L7                  ; args[1].lo\n"
            "L6: ret ERRNO(1)\n"
            "L7: ret ALLOW\n");
}

TEST(Disassemble, LabelsOnlyTargetsWithoutAddresses) {
  EXPECT_THAT(disassemble(sample(), {}, {.addresses = false}),
              ::testing::StartsWith("    ld arch\n    jeq #0xc000003e, L2, L7"));
}

TEST(Disassemble, BigEndianHalves) {
  const Program program{{op::kLdAbs, 0, 0, 16}, {op::kRetA, 0, 0, 0}};
  EXPECT_THAT(disassemble(program, {}, {.little_endian = false}), HasSubstr("ld args[0].hi"));
  EXPECT_THAT(disassemble(program, {}), HasSubstr("ld args[0].lo"));
}

// The architecture is known only where every path agrees on it.
TEST(Disassemble, ArchitectureIsDroppedWherePathsJoin) {
  const Program program{{op::kLdAbs, 0, 0, 4}, {op::kJeqK, 1, 0, 0xc000003e}, {op::kJeqK, 0, 3, 0x40000003},
                        {op::kLdAbs, 0, 0, 0}, {op::kAndK, 0, 0, 0xff},       {op::kJeqK, 0, 0, 9},
                        {op::kRetK, 0, 0, 0}};
  const std::string text = disassemble(program, test_names());
  EXPECT_THAT(text, HasSubstr("jeq #9, L6, L6                   ; nr & 0xff"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("call9")));
}

TEST(Disassemble, NamesCannotBreakOutOfAComment) {
  const Names evil{.arch = [](std::uint32_t) { return std::string("*/ x\nret\x1b[0m\\"); }, .call = {}};
  for (const std::string& text : {disassemble(sample(), evil), to_c(sample(), evil, "f")}) {
    EXPECT_EQ(text.find("*/ x"), std::string::npos);
    EXPECT_EQ(text.find("\nret"), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
}

TEST(ActionText, AllActions) {
  EXPECT_EQ(action_text(kRetAllow), "ALLOW");
  EXPECT_EQ(action_text(kRetErrno | 38), "ERRNO(38)");
  EXPECT_EQ(action_text(kRetErrno), "ERRNO(0)");
  EXPECT_EQ(action_text(kRetTrace | 1), "TRACE(1)");
  EXPECT_EQ(action_text(kRetTrap), "TRAP");
  EXPECT_EQ(action_text(kRetTrap | 5), "TRAP(5)");
  EXPECT_EQ(action_text(kRetNotify), "NOTIFY");
  EXPECT_EQ(action_text(kRetLog), "LOG");
  EXPECT_EQ(action_text(0), "KILL_THREAD");
  EXPECT_EQ(action_text(kRetKillProcess), "KILL_PROCESS");
  EXPECT_EQ(action_text(0x12340005), "KILL_PROCESS(0x12340005)");
}

TEST(ToC, SpellsMacrosAndRawFields) {
  const Program program{
      {op::kLdAbs, 0, 0, 4}, {op::kJeqK, 0, 1, 0xc000003e}, {op::kTax, 1, 0, 0}, {op::kRetA, 0, 0, 0}};
  const std::string text = to_c(program, test_names(), "filter");
  EXPECT_THAT(text, ::testing::StartsWith("static const struct sock_filter filter[] = {\n"));
  EXPECT_THAT(text, HasSubstr("BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0x4),"));
  EXPECT_THAT(text, HasSubstr("BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 1),"));
  EXPECT_THAT(text, HasSubstr("; x86_64 */"));
  EXPECT_THAT(text, HasSubstr("  {0x7, 1, 0, 0x0},"));
}

TEST(ToDot, HasABlockForEachTargetAndBothEdges) {
  const std::string text = to_dot(sample(), test_names());
  EXPECT_THAT(text, HasSubstr("b0 [label=\"L0: ld arch\\lL1: jeq #0xc000003e, L2, L7 ; x86_64\\l\"];"));
  EXPECT_THAT(text, HasSubstr("b0 -> b2 [label=\"yes\"];"));
  EXPECT_THAT(text, HasSubstr("b0 -> b7 [label=\"no\", style=dashed];"));
  EXPECT_THAT(to_dot(Program{{op::kJa, 0, 0, 9}}, {}), HasSubstr("b0 -> outside;"));
}

TEST(ToJson, HasEveryField) {
  EXPECT_EQ(
      to_json(Program{{op::kRetK, 0, 0, kRetAllow}}, {}),
      "{\n  \"instructions\": [\n    {\n      \"index\": 0,\n      \"code\": 6,\n      \"jt\": 0,\n      \"jf\": 0,\n"
      "      \"k\": 2147418112,\n      \"text\": \"ret ALLOW\"\n    }\n  ]\n}\n");
}

Program through_text(const Program& program, const DisasmOptions& options) {
  const base::SourceFile file("listing", disassemble(program, test_names(), options));
  base::Diagnostics diagnostics;
  auto back = assemble(file, diagnostics, options.little_endian);
  EXPECT_TRUE(back) << render_text(diagnostics, false) << file.text();
  return back.value_or(Program{});
}

TEST(RoundTrip, AcceptedPrograms) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    testing::Random random(seed);
    Program program = testing::random_program(random, 2 + random.below(400));
    if (random.one_in(2)) {  // fields that an instruction does not use may hold anything
      Insn& insn = program[random.below(static_cast<std::uint32_t>(program.size()))];
      if (insn.code < 5 || insn.code == op::kTax) insn.jt = static_cast<std::uint8_t>(random.below(256));
    }
    ASSERT_FALSE(check(program)) << "seed " << seed;
    ASSERT_EQ(through_text(program, {.little_endian = random.one_in(2), .addresses = random.one_in(2)}), program)
        << "seed " << seed;
  }
}

TEST(RoundTrip, AnyInstructions) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    testing::Random random(seed);
    Program program(1 + random.below(20));
    for (Insn& insn : program) {
      insn = {static_cast<std::uint16_t>(random.one_in(9) ? random.word() : random.below(0x100)),
              static_cast<std::uint8_t>(random.below(random.one_in(2) ? 3 : 256)),
              static_cast<std::uint8_t>(random.below(3)), random.word()};
    }
    ASSERT_EQ(through_text(program, {}), program) << "seed " << seed;
    EXPECT_FALSE(to_c(program, {}, "f").empty());
    EXPECT_FALSE(to_dot(program, {}).empty());
    EXPECT_FALSE(to_json(program, {}).empty());
  }
}

}  // namespace
}  // namespace callgate::bpf
