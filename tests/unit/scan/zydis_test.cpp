// The decoder against Zydis, on all instructions of this machine's C library and of random bytes: length, what is a
// memory operand, immediates, and that no general register is written of which ours says that it is not.
// SPDX-License-Identifier: Apache-2.0
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/io.h"
#include "scan/files.h"
#include "scan/registers.h"

namespace callgate::scan {
namespace {

class Oracle {
 public:
  Oracle() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

  bool decode(elf::Bytes code) {
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), &insn, operands));
  }
  RegisterSet writes() const {
    RegisterSet out = 0;
    for (unsigned i = 0; i < insn.operand_count; ++i) {
      const ZydisDecodedOperand& o = operands[i];
      if (o.type != ZYDIS_OPERAND_TYPE_REGISTER || (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) continue;
      const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o.reg.value);
      if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
        out = static_cast<RegisterSet>(out | bit(static_cast<unsigned>(whole - ZYDIS_REGISTER_RAX)));
    }
    return out;
  }
  bool writes_memory() const {
    for (unsigned i = 0; i < insn.operand_count_visible; ++i)
      if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && operands[i].mem.type == ZYDIS_MEMOP_TYPE_MEM &&
          (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)
        return true;
    return false;
  }

  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

 private:
  ZydisDecoder decoder_;
};

std::string hex(elf::Bytes code) {
  std::string out;
  for (const std::uint8_t byte : code.first(std::min<std::size_t>(code.size(), 15))) {
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

// False if they differ in what matters; rsp as moved by pushes and pops is the stack's own matter.
void compare(const Oracle& oracle, const Insn& in, elf::Bytes code) {
  ASSERT_EQ(in.length, oracle.insn.length) << hex(code);
  const RegisterSet missed = static_cast<RegisterSet>(oracle.writes() & ~written(in) & ~bit(kRsp));
  ASSERT_EQ(missed, 0) << hex(code);
  if (oracle.writes_memory() && in.has_memory) {
    ASSERT_TRUE(writes_memory(in)) << hex(code);
  }
  const auto& raw = oracle.insn.raw;
  if (raw.disp.size != 0 && in.has_memory) {
    ASSERT_EQ(in.displacement, raw.disp.value) << hex(code);
  }
}

TEST(Zydis, AgreesOnTheCLibrary) {
  const char* const path = "/lib/x86_64-linux-gnu/libc.so.6";
  Library library(reader("/"));
  const auto libc = library.module(path);
  if (!libc) GTEST_SKIP() << libc.error().message;
  library.complete(std::span(&*libc, 1));
  Oracle oracle;
  std::size_t count = 0;
  for (const Function& f : (*libc)->functions) {
    elf::Bytes code = (*libc)->file.at(f.code.begin);
    code = code.first(std::min<std::size_t>(code.size(), f.code.end - f.code.begin));
    if (!f.framed) continue;
    Insn in;
    for (std::size_t at = 0; at < code.size(); ++count) {
      ASSERT_EQ(oracle.decode(code.subspan(at)), decode(code.subspan(at), in)) << hex(code.subspan(at));
      ASSERT_NO_FATAL_FAILURE(compare(oracle, in, code.subspan(at)));
      at += in.length;
    }
  }
  EXPECT_GT(count, 100000U);
}

// Zydis knows which operands make no sense; whatever it takes, ours must take with the same length.
TEST(Zydis, AgreesOnRandomBytes) {
  std::mt19937_64 random(4);  // fixed: the same bytes every time
  Oracle oracle;
  std::size_t taken = 0;
  for (int i = 0; i < 300000; ++i) {
    std::uint8_t raw[16];
    for (std::uint8_t& byte : raw) byte = static_cast<std::uint8_t>(random());
    if (i % 4 == 1) raw[0] = 0x0f;
    if (i % 4 == 2) raw[0] = std::array<std::uint8_t, 4>{0xc4, 0xc5, 0x62, 0xf3}[static_cast<std::size_t>(i / 4 % 4)];
    if (!oracle.decode(raw)) continue;
    // Knights Corner gave other meanings to bytes of VEX and EVEX; no other processor has it.
    if (oracle.insn.meta.isa_set >= ZYDIS_ISA_SET_KNCE && oracle.insn.meta.isa_set <= ZYDIS_ISA_SET_KNC_PF_HINT)
      continue;
    Insn in;
    ++taken;
    ASSERT_TRUE(decode(raw, in)) << hex(raw);
    ASSERT_NO_FATAL_FAILURE(compare(oracle, in, raw));
  }
  EXPECT_GT(taken, 50000U);
}

}  // namespace
}  // namespace callgate::scan
