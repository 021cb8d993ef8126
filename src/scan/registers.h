// x86-64: which general registers an instruction writes, and whether it writes memory. On the safe side: what is not
// known counts as written. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/decode.h"
#include "scan/machine.h"

namespace callgate::scan {

inline constexpr std::uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7, kR8 = 8,
                              kR9 = 9, kR10 = 10, kR11 = 11;

// What a function may change without giving it back (System V ABI).
inline constexpr RegisterSet kCallerSaved = 0x0fc7;  // rax rcx rdx rsi rdi r8-r11

// Except rsp as pushes, pops and calls move it.
RegisterSet written(const Insn& in);
Flow flow_of(const Insn& in);
// Calls read those that parameters are in.
Use use_of(const Insn& in, unsigned reg);
// The memory operand, as far as it is one that is written; pushes and string instructions left out.
bool writes_memory(const Insn& in);

}  // namespace callgate::scan
