// Classic BPF as seccomp(2) takes it: instructions, programs, and the data a program looks at. This folder knows no
// policy and no call tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"

namespace callgate::bpf {

// The layout of struct sock_filter (linux/filter.h): 8 bytes.
struct Insn {
  std::uint16_t code = 0;
  std::uint8_t jt = 0, jf = 0;
  std::uint32_t k = 0;
  bool operator==(const Insn&) const = default;
};
static_assert(sizeof(Insn) == 8);

using Program = std::vector<Insn>;
inline constexpr std::size_t kMaxInsns = 4096;        // BPF_MAXINSNS; EINVAL beyond
inline constexpr std::size_t kMaxStackInsns = 32768;  // a whole stack, translated: see check_stack(); ENOMEM

// Opcodes (linux/bpf_common.h, linux/filter.h).
namespace op {
inline constexpr std::uint16_t kLdAbs = 0x20, kLdImm = 0x00, kLdMem = 0x60, kLdLen = 0x80;
inline constexpr std::uint16_t kLdxImm = 0x01, kLdxMem = 0x61, kLdxLen = 0x81;
inline constexpr std::uint16_t kSt = 0x02, kStx = 0x03, kTax = 0x07, kTxa = 0x87;
inline constexpr std::uint16_t kAddK = 0x04, kSubK = 0x14, kMulK = 0x24, kDivK = 0x34, kOrK = 0x44, kAndK = 0x54,
                               kLshK = 0x64, kRshK = 0x74, kNeg = 0x84, kModK = 0x94, kXorK = 0xa4;
inline constexpr std::uint16_t kAluX = 0x08;  // OR-ed into an ALU or conditional jump code: operand X, not K
inline constexpr std::uint16_t kJa = 0x05, kJeqK = 0x15, kJgtK = 0x25, kJgeK = 0x35, kJsetK = 0x45;
inline constexpr std::uint16_t kRetK = 0x06, kRetA = 0x16;
}  // namespace op

// struct seccomp_data (linux/seccomp.h), 64 bytes: nr@0 arch@4 ip@8 args@16, each in the machine's byte order.
struct SeccompData {
  std::uint32_t nr = 0;
  std::uint32_t arch = 0;
  std::uint64_t instruction_pointer = 0;
  std::array<std::uint64_t, 6> args{};
  bool operator==(const SeccompData&) const = default;
};
inline constexpr std::uint32_t kOffsetNr = 0, kOffsetArch = 4, kOffsetIp = 8, kOffsetArgs = 16, kDataBytes = 64;

// The 32-bit word at a multiple-of-four offset below 64. Byte order is the one that data.arch states
// (__AUDIT_ARCH_LE, bit 30): the low word of argument i is at 16+8i on little endian and at 20+8i on big endian.
std::uint32_t load_word(const SeccompData& data, std::uint32_t offset);
constexpr std::uint32_t low_word_offset(unsigned arg, bool little_endian) {
  return kOffsetArgs + 8 * arg + (little_endian ? 0U : 4U);
}
constexpr std::uint32_t high_word_offset(unsigned arg, bool little_endian) {
  return kOffsetArgs + 8 * arg + (little_endian ? 4U : 0U);
}

// Kernel return values (linux/seccomp.h): action in the high 16 bits, data in the low 16.
inline constexpr std::uint32_t kRetKillProcess = 0x80000000, kRetKillThread = 0, kRetTrap = 0x00030000,
                               kRetErrno = 0x00050000, kRetNotify = 0x7fc00000, kRetTrace = 0x7ff00000,
                               kRetLog = 0x7ffc0000, kRetAllow = 0x7fff0000;

// Raw struct sock_filter records. Errors (diagnosed): length not a multiple of 8, empty, over 4096 instructions.
std::optional<Program> from_bytes(const base::SourceFile& file, bool swap_bytes, base::Diagnostics& diagnostics);
std::string to_bytes(std::span<const Insn> program, bool swap_bytes);

}  // namespace callgate::bpf
