// Instructions by their bytes.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "scan/decode.h"
#include "scan/registers.h"

namespace callgate::scan {
namespace {

Insn one(std::vector<std::uint8_t> bytes) {
  Insn in;
  EXPECT_TRUE(decode(bytes, in));
  EXPECT_EQ(in.length, bytes.size());
  return in;
}

TEST(Decode, WhatTheAnalysisAsksFor) {
  EXPECT_TRUE(one({0x0f, 0x05}).is_syscall());
  EXPECT_TRUE(one({0xe8, 0x10, 0, 0, 0}).is_call());
  EXPECT_EQ(one({0xe9, 0xf0, 0xff, 0xff, 0xff}).immediate, -16);
  EXPECT_TRUE(one({0x0f, 0x84, 1, 0, 0, 0}).is_branch());
  EXPECT_TRUE(one({0x74, 0x02}).is_branch());
  EXPECT_TRUE(one({0xf2, 0xff, 0x25, 4, 0, 0, 0}).is_indirect_jump());
  EXPECT_TRUE(one({0xff, 0x15, 4, 0, 0, 0}).rip_relative);
  EXPECT_TRUE(one({0xf3, 0xc3}).is_return());
  EXPECT_FALSE(one({0xcc}).is_end());
}

TEST(Decode, RegistersWithTheirExtensionBits) {
  const Insn lea = one({0x4c, 0x8d, 0x64, 0xd8, 0x10});  // lea r12, [rax+rbx*8+16]
  EXPECT_EQ(lea.reg, 12);
  EXPECT_EQ(lea.base, kRax);
  EXPECT_EQ(lea.index, kRbx);
  EXPECT_EQ(lea.scale, 8);
  EXPECT_EQ(lea.displacement, 16);
  EXPECT_EQ(one({0x41, 0xb8, 1, 0, 0, 0}).rm, 8);  // mov r8d, 1
  EXPECT_EQ(one({0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}).immediate, 0x0807060504030201);
}

TEST(Decode, CutShortIsNone) {
  const std::vector<std::uint8_t> code{0x48, 0xb8, 1, 2, 3};
  Insn in;
  for (std::size_t n = 0; n <= code.size(); ++n) EXPECT_FALSE(decode(std::span(code).first(n), in)) << n;
  EXPECT_FALSE(decode(std::vector<std::uint8_t>(20, 0x66), in));  // no instruction has more than 15 bytes
  EXPECT_FALSE(decode(std::vector<std::uint8_t>{0x06}, in));
}

TEST(Registers, WhatIsWritten) {
  EXPECT_EQ(written(one({0x31, 0xc0})), bit(kRax));     // xor eax, eax
  EXPECT_EQ(written(one({0x39, 0xc0})), 0);             // cmp eax, eax
  EXPECT_EQ(written(one({0x89, 0x03})), 0);             // mov [rbx], eax
  EXPECT_EQ(written(one({0x8b, 0x03})), bit(kRax));     // mov eax, [rbx]
  EXPECT_EQ(written(one({0xb4, 1})), bit(kRax));        // mov ah, 1
  EXPECT_EQ(written(one({0x40, 0xb4, 1})), bit(kRsp));  // mov spl, 1
  EXPECT_EQ(written(one({0xe8, 0, 0, 0, 0})), kCallerSaved);
  EXPECT_EQ(written(one({0xf7, 0xe1})), bit(kRax) | bit(kRdx));     // mul ecx
  EXPECT_TRUE(writes_memory(one({0xc7, 0x04, 0x24, 1, 0, 0, 0})));  // mov [rsp], 1
  EXPECT_TRUE(writes_memory(one({0x0f, 0x29, 0x04, 0x24})));        // movaps [rsp], xmm0
  EXPECT_FALSE(writes_memory(one({0x0f, 0x28, 0x04, 0x24})));       // movaps xmm0, [rsp]
}

}  // namespace
}  // namespace callgate::scan
