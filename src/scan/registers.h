// Which general registers an instruction writes, and whether it writes memory. On the safe side: what is not known
// counts as written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/decode.h"

namespace callgate::scan {

inline constexpr std::uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7, kR11 = 11;

// A set of registers, bit by number.
using RegisterSet = std::uint16_t;
constexpr RegisterSet bit(unsigned reg) {
  return static_cast<RegisterSet>(1U << reg);
}
// What a function may change without giving it back (System V ABI).
inline constexpr RegisterSet kCallerSaved = 0x0fc7;  // rax rcx rdx rsi rdi r8-r11

// Except rsp as pushes, pops and calls move it.
RegisterSet written(const Insn& in);
// Does the instruction read a register? `none` is certain; calls read those that parameters are in.
enum class Use : std::uint8_t { none, read };
Use use_of(const Insn& in, unsigned reg);
// The memory operand, as far as it is one that is written; pushes and string instructions left out.
bool writes_memory(const Insn& in);

}  // namespace callgate::scan
