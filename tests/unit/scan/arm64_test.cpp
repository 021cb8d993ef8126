// The aarch64 decoder against binutils' disassembler, on every word of the cross compiler's C library and loader: where
// control goes, which addresses are formed, constants, and that no general register is written of which ours says that
// it is not. And on random words: what it says is written is always named by a field of the word.
// SPDX-License-Identifier: Apache-2.0
#include "scan/arm64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace callgate::scan::arm64 {
namespace {

// A line of objdump -d.
struct Line {
  std::uint64_t address = 0;
  std::uint32_t word = 0;
  std::string mnemonic;
  std::vector<std::string> operands;  // those in brackets apart: "[", "x0", "#8", "]!"
};

std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t out = 0;
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return out;
}

std::optional<Line> parsed(std::string text) {
  text = text.substr(0, std::min(text.find("//"), text.find('<')));
  const auto colon = text.find(":\t");
  if (colon == std::string::npos || text[0] != ' ') return std::nullopt;
  Line out;
  out.address = hexadecimal(std::string_view(text).substr(text.find_first_not_of(' '), colon));
  const auto second = text.find('\t', colon + 2);
  if (second == std::string::npos) return std::nullopt;
  out.word = static_cast<std::uint32_t>(hexadecimal(std::string_view(text).substr(colon + 2, 8)));
  const auto third = std::min(text.find('\t', second + 1), text.size());
  out.mnemonic = text.substr(second + 1, third - second - 1);
  while (!out.mnemonic.empty() && std::isspace(static_cast<unsigned char>(out.mnemonic.back())) != 0)
    out.mnemonic.pop_back();
  std::string word;
  for (const char c : (third < text.size() ? text.substr(third + 1) : std::string()) + ",") {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    if (c == ',' || c == '[') {
      if (!word.empty()) out.operands.push_back(word);
      word.clear();
    } else if (c == ']') {
      if (!word.empty()) out.operands.push_back(word);
      word = "]";
    } else {
      word += c;
    }
  }
  return out;
}

// x7 and w7 → 7; sp → 31; nothing for what is no general register.
std::optional<unsigned> general(const std::string& name) {
  if (name == "sp" || name == "wsp") return unsigned{kStackPointer};
  if (name.size() < 2 || name.size() > 3 || (name[0] != 'x' && name[0] != 'w')) return std::nullopt;
  unsigned out = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), out);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(out) : std::nullopt;
}

bool one_of(const std::string& text, std::initializer_list<const char*> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const char* each) { return text.starts_with(each); });
}

// Which general registers the instruction writes, by what binutils prints.
RegisterSet written(const Line& line) {
  RegisterSet out = 0;
  const std::string& m = line.mnemonic;
  const auto add = [&](std::size_t i) {
    if (i >= line.operands.size()) return;
    if (const auto reg = general(line.operands[i])) out |= bit(*reg);
  };
  const bool exclusive_store = one_of(m, {"stxr", "stlxr", "stxp", "stlxp"});
  const bool store = (m.starts_with("st") && !exclusive_store) || m == "prfm" || m == "prfum";
  const bool none =
      one_of(m, {"cmp", "cmn", "tst", "ccm", "b",   "cb",  "tb",   "ret",   "svc", "msr", "dmb",  "dsb", "isb",
                 "dc",  "ic",  "nop", "udf", "brk", "hlt", "hint", "yield", "pac", "aut", "xpac", "at",  "fcmp"});
  const bool atomic = one_of(m, {"ldadd", "ldclr", "ldeor", "ldset", "swp", "ldsmax", "ldsmin", "ldumax", "ldumin"});
  if (atomic)
    add(1);
  else if (!store && (!none || m.starts_with("bfi") || m.starts_with("bfx") || m.starts_with("bic")))
    add(0);
  if (one_of(m, {"ldp", "ldxp", "ldaxp", "ldnp", "casp"})) add(1);
  // [x0, #8]! and [x0], #8
  for (std::size_t i = 0; i < line.operands.size(); ++i)
    if (line.operands[i] == "]!" || (line.operands[i] == "]" && i + 1 < line.operands.size())) {
      for (std::size_t k = i; k-- > 0;)
        if (const auto base = general(line.operands[k]); base && line.operands[k][0] != 'w') {
          if (line.operands[i] == "]" || k + 1 < i || i == k + 1) out |= bit(*base);
          break;
        }
    }
  return out;
}

std::string in_words(const Line& line) {
  char text[64];
  std::snprintf(text, sizeof text, "%llx: %08x %s", static_cast<unsigned long long>(line.address), line.word,
                line.mnemonic.c_str());
  std::string out = text;
  for (const std::string& each : line.operands) out += " " + each;
  return out;
}

void compare(const Line& line) {
  const A64 in = decode(line.word);
  const std::string& m = line.mnemonic;
  const auto target = [&] {
    const std::uint64_t from = in.op == Op::page ? line.address & ~std::uint64_t{0xfff} : line.address;
    return from + static_cast<std::uint64_t>(in.imm);
  };
  const auto flow = [&] {
    if (m == "bl") return Flow::call;
    if (m == "b") return Flow::jump;
    if (m.starts_with("b.") || m.starts_with("bc.") || m.starts_with("cbz") || m.starts_with("cbnz") ||
        m.starts_with("tbz") || m.starts_with("tbnz"))
      return Flow::branch;
    if (m == "br" || m.starts_with("bra")) return Flow::indirect_jump;
    if (m.starts_with("blr")) return Flow::indirect_call;
    if (m.starts_with("ret")) return Flow::returns;
    if (m == "udf" || m == "hlt" || (m == "brk" && in.imm == 1000)) return Flow::stops;
    return Flow::next;
  }();
  EXPECT_EQ(in.flow, flow) << in_words(line);
  EXPECT_EQ(in.op == Op::svc, m == "svc") << in_words(line);
  if (m == ".inst" || m == ".word") return;
  EXPECT_NE(in.op, Op::none) << in_words(line);
  const bool names = flow == Flow::call || flow == Flow::jump || flow == Flow::branch || m == "adrp" || m == "adr";
  if (names) {
    ASSERT_FALSE(line.operands.empty());
    EXPECT_EQ(target(), hexadecimal(line.operands.back())) << in_words(line);
  }
  if (m == "mov" && line.operands.size() == 2 && line.operands[1].starts_with("#0x")) {
    EXPECT_EQ(in.op, Op::constant) << in_words(line);
    EXPECT_EQ(static_cast<std::uint64_t>(in.imm), hexadecimal(line.operands[1].substr(1))) << in_words(line);
  }
  EXPECT_EQ(written(line) & ~in.written, 0U) << in_words(line);
}

class Disassembled : public testing::TestWithParam<const char*> {};

TEST_P(Disassembled, AsBinutilsSays) {
  const std::string path = std::string("/usr/aarch64-linux-gnu/lib/") + GetParam();
  ASSERT_TRUE(std::filesystem::exists(path)) << "libc6-arm64-cross";
  const std::string command = "aarch64-linux-gnu-objdump -d " + path;
  // NOLINTNEXTLINE(cert-env33-c): runs the disassembler
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  ASSERT_NE(pipe, nullptr);
  char buffer[512];
  std::size_t lines = 0, calls = 0;
  while (std::fgets(buffer, sizeof buffer, pipe.get()) != nullptr && !HasFailure()) {
    const auto line = parsed(buffer);
    if (!line) continue;
    ++lines;
    calls += line->mnemonic == "svc" ? 1U : 0U;
    compare(*line);
  }
  EXPECT_GT(lines, 20000U);
  EXPECT_GT(calls, 10U);
}
INSTANTIATE_TEST_SUITE_P(Files, Disassembled, testing::Values("libc.so.6", "ld-linux-aarch64.so.1"),
                         [](const auto& which) {
                           return std::string(which.param).substr(0, std::string(which.param).find_first_of(".-"));
                         });

// A word can only write what it names, but for calls, the link register, x17 of signed pointers, and what comes in
// pairs.
TEST(Arm64, WritesWhatItNames) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000000; ++i) {
    const auto word = static_cast<std::uint32_t>(random());
    const A64 in = decode(word);
    if (is_any_call(in.flow) || in.op == Op::svc) continue;
    RegisterSet named = bit(kLink) | bit(17);
    for (const unsigned low : {0U, 5U, 10U, 16U}) named |= bit(word >> low & 31U) | bit((word >> low & 31U) | 1U);
    const bool eight = (word & 0x3f200c00U) == 0x38200000U;  // loads of 64 bytes
    EXPECT_TRUE(eight || (in.written & ~named) == 0) << std::hex << word;
    EXPECT_TRUE(in.op != Op::none || in.written == 0) << std::hex << word;
    for (unsigned reg = 0; reg < 32; ++reg) static_cast<void>(use_of(in, word, reg));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace callgate::scan::arm64
