// Forms the assembler takes, and each of its complaints.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bpf/assembly.h"
#include "bpf/diagnostic_ids.h"

namespace callgate::bpf {
namespace {

std::optional<Program> parse(std::string text, base::Diagnostics& diagnostics) {
  const base::SourceFile file("f.bpf", std::move(text));
  return assemble(file, diagnostics);
}

Program good(std::string text) {
  base::Diagnostics diagnostics;
  auto program = parse(std::move(text), diagnostics);
  EXPECT_TRUE(program) << (diagnostics.items().empty() ? "" : diagnostics.items()[0].message);
  return program.value_or(Program{});
}

// The message of the only finding, after its number: "2030 unknown mnemonic 'foo'".
std::string complaint(const std::string& text) {
  const base::SourceFile file("f.bpf", text);
  base::Diagnostics diagnostics;
  EXPECT_FALSE(assemble(file, diagnostics));
  if (diagnostics.items().size() != 1) return fmt::format("{} findings", diagnostics.items().size());
  const base::Diagnostic& d = diagnostics.items()[0];
  return fmt::format("{} {}", d.number, d.message);
}

TEST(Assemble, OperandForms) {
  EXPECT_EQ(good("ld nr"), (Program{{op::kLdAbs, 0, 0, 0}}));
  EXPECT_EQ(good("ld [60]"), (Program{{op::kLdAbs, 0, 0, 60}}));
  EXPECT_EQ(good("ld ip.hi\nld args[5].lo"), (Program{{op::kLdAbs, 0, 0, 12}, {op::kLdAbs, 0, 0, 56}}));
  EXPECT_EQ(good("ld #017\nld M[15]\nld len"),
            (Program{{op::kLdImm, 0, 0, 15}, {op::kLdMem, 0, 0, 15}, {op::kLdLen, 0, 0, 0}}));
  EXPECT_EQ(good("ldx #1\nldx M[2]\nldx len\nstx M[0]"),
            (Program{{op::kLdxImm, 0, 0, 1}, {op::kLdxMem, 0, 0, 2}, {op::kLdxLen, 0, 0, 0}, {op::kStx, 0, 0, 0}}));
  EXPECT_EQ(good("add #0xffffffff\nadd x\nmod #3"),
            (Program{{op::kAddK, 0, 0, 0xffffffff}, {op::kAddK | op::kAluX, 0, 0, 0}, {op::kModK, 0, 0, 3}}));
  EXPECT_EQ(
      good("ret a\nret #1\nret KILL_THREAD\nret TRACE(7)"),
      (Program{{op::kRetA, 0, 0, 0}, {op::kRetK, 0, 0, 1}, {op::kRetK, 0, 0, 0}, {op::kRetK, 0, 0, kRetTrace | 7}}));
  EXPECT_EQ(good(".raw 0xb1 1 2 0xffffffff"), (Program{{0xb1, 1, 2, 0xffffffff}}));
}

TEST(Assemble, JumpForms) {
  EXPECT_EQ(good("jeq #1, a, b\nb: tax\na: ret a"),
            (Program{{op::kJeqK, 1, 0, 1}, {op::kTax, 0, 0, 0}, {op::kRetA, 0, 0, 0}}));
  EXPECT_EQ(good("jgt x, a\ntax\na: ret a")[0], (Insn{op::kJgtK | op::kAluX, 1, 0, 0}));
  EXPECT_EQ(good("jne #1, a\ntax\na: ret a")[0], (Insn{op::kJeqK, 0, 1, 1}));
  EXPECT_EQ(good("jlt #1, a\ntax\na: ret a")[0], (Insn{op::kJgeK, 0, 1, 1}));
  EXPECT_EQ(good("jle #1, a\ntax\na: ret a")[0], (Insn{op::kJgtK, 0, 1, 1}));
  EXPECT_EQ(good("ja a\ntax\n\n; nothing\na:\n b: ret a")[0], (Insn{op::kJa, 0, 0, 1}));
}

TEST(Assemble, Complaints) {
  EXPECT_EQ(complaint(""), "2001 the filter has no instructions");
  EXPECT_EQ(complaint(" ; only a comment\nL:\n"), "2001 the filter has no instructions");
  EXPECT_EQ(complaint("jqe #1"), "2030 unknown mnemonic 'jqe'");
  EXPECT_EQ(complaint("ld"), "2031 'ld' lacks an operand");
  EXPECT_EQ(complaint("ld args[6].lo"), "2031 'ld' does not take 'args[6].lo'");
  EXPECT_EQ(complaint("tax x"), "2031 'tax' takes 0 operands, not 1");
  EXPECT_EQ(complaint("add 5"), "2031 'add' does not take '5'");
  EXPECT_EQ(complaint("ret EVIL"), "2031 'ret' does not take 'EVIL'");
  EXPECT_EQ(complaint("ret ERRNO(38"), "2031 'ret' does not take 'ERRNO(38'");
  EXPECT_EQ(complaint("jeq #1"), "2031 'jeq' lacks an operand");
  EXPECT_EQ(complaint("jeq #1, 5x"), "2031 'jeq' does not take '5x'");
  EXPECT_EQ(complaint("st 3"), "2031 'st' does not take '3'");
  EXPECT_EQ(complaint(".raw 1 2 3"), "2031 '.raw' lacks an operand");
  EXPECT_EQ(complaint("ja nowhere\nret a"), "2032 label 'nowhere' is not defined");
  EXPECT_EQ(complaint("a: tax\na: ret a"), "2033 label 'a' is defined twice");
  EXPECT_EQ(complaint("a: tax\nja a"), "2034 jump back to 'a'; classic BPF only jumps forward");
  EXPECT_EQ(complaint("a: ja a"), "2034 jump back to 'a'; classic BPF only jumps forward");
  EXPECT_EQ(complaint("ld #4294967296"), "2036 '4294967296' is out of range; the most is 0xffffffff");
  EXPECT_EQ(complaint("ld #0x12345678123456781"), "2036 '0x12345678123456781' is out of range; the most is 0xffffffff");
  EXPECT_EQ(complaint("ret ERRNO(65536)"), "2036 '65536' is out of range; the most is 0xffff");
  EXPECT_EQ(complaint(".raw 6 256 0 0"), "2036 '256' is out of range; the most is 0xff");
  EXPECT_EQ(complaint("ja end\nend:"), "2037 label 'end' stands after the last instruction");
}

TEST(Assemble, ConditionalJumpsReach255) {
  const auto text = [](int between) {
    std::string out = "jeq #0, far, near\nnear:\n";
    for (int i = 0; i < between; ++i) out += "tax\n";
    return out + "far: ret a\n";
  };
  EXPECT_EQ(good(text(255))[0].jt, 255);
  EXPECT_EQ(complaint(text(256)), std::to_string(kJumpTooFar.number) +
                                      " jump to 'far' skips 256 instructions; a conditional jump skips at most 255");
}

TEST(Assemble, LengthLimit) {
  const auto lines = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += "ret a\n";
    return out;
  };
  EXPECT_EQ(good(lines(4096)).size(), kMaxInsns);
  EXPECT_EQ(complaint(lines(4097)), "2003 filter has 4097 instructions; the kernel takes 4096 (BPF_MAXINSNS)");
}

TEST(Assemble, ReportsEverythingAtOnceInPlace) {
  const base::SourceFile file("f.bpf", "  foo #1\njeq #1, gone\nret ERRNO(x)\n");
  base::Diagnostics diagnostics;
  EXPECT_FALSE(assemble(file, diagnostics));
  ASSERT_EQ(diagnostics.items().size(), 3U);
  EXPECT_EQ(diagnostics.items()[0].span.text(), "foo");
  EXPECT_EQ(diagnostics.items()[1].span.text(), "ERRNO(x)");
  EXPECT_EQ(diagnostics.items()[2].span.text(), "gone");
}

TEST(Assemble, BigEndianHalves) {
  const base::SourceFile file("f.bpf", "ld args[0].lo\nret a\n");
  base::Diagnostics diagnostics;
  EXPECT_EQ(assemble(file, diagnostics, false)->front().k, 20U);
}

}  // namespace
}  // namespace callgate::bpf
