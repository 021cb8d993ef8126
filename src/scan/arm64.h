// aarch64 instructions (A64), as far as the analysis asks: where they branch, which address they form, what they load,
// store, move and compute, and which general registers they write. Every instruction is one word, and the fields that
// can name a register stand at the same places in all of them, so what is not told apart here still says which
// registers it may write: those that its fields name. Only branches change where control goes, and they are all known.
// Source: Arm Architecture Reference Manual for A-profile, chapter C4 (encoding index).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "scan/machine.h"

namespace callgate::scan::arm64 {

// x0 … x30 have their numbers. 31 is the stack pointer; where an instruction means the register that is always zero
// instead, its number is kZero, which no set holds.
inline constexpr std::uint8_t kLink = 30, kStackPointer = 31, kZero = 32, kFramePointer = 29;
// What a function may change without giving it back (AAPCS64): x0 to x18, and the link register.
inline constexpr RegisterSet kCallerSaved = 0x4007ffff;

enum class Op : std::uint8_t {
  none,              // no instruction
  other,             // nothing is known but what it writes
  nop,               // and other hints that write nothing
  svc,               // enters the kernel
  control,           // flow says it all; a register is named by rn
  compare,           // with registers or constants; writes flags alone
  compare_constant,  // rn with imm, for equality
  zero_branch,       // cbz, cbnz of rn; `negated`: cbnz
  flag_branch,       // b.eq, b.ne; `negated`: b.ne
  address,           // rd = the place + imm
  page,              // rd = the place's page + imm
  constant,          // rd = imm
  insert,            // movk: 16 bits of rd, at `shift`, become imm
  copy,              // rd = rn
  add,               // rd = rn + imm
  logic,             // rd = rn `function` imm
  combine,           // rd = rn `function` rm, as `shift` and `extend` say
  select,            // csel and its like: rd = rn or `function` of rm
  bits,              // ubfm, sbfm: bits of rn; imm = immr << 8 | imms
  load,              // rd (and rd2) = memory
  store,             // memory = rd (and rd2)
};

enum class Function : std::uint8_t {
  add,
  subtract,
  conjunction,
  disjunction,
  exclusive,
  clear,            // a and not b
  other_or,         // a or not b
  other_exclusive,  // a xor not b
  itself,           // of select: rm, rm + 1, not rm, -rm
  increment,
  invert,
  negate,
};

// How memory is named: rn + imm; the same, before or after which rn becomes rn + imm; rn + a register; the
// instruction's own place + imm.
enum class Mode : std::uint8_t { offset, before, after, indexed, literal };

struct A64 {
  Op op = Op::none;
  Flow flow = Flow::next;
  Function function = Function::add;
  Mode mode = Mode::offset;
  std::uint8_t rd = kZero, rd2 = kZero, rn = kZero, rm = kZero;
  std::uint8_t size = 0;  // of a load or store: bytes of each register
  std::uint8_t shift = 0;
  std::uint8_t extend =
      0;              // of combine: 0 none, else the option field + 1: 1 uxtb, 2 uxth, 3 uxtw, 5 sxtb, 6 sxth, 7 sxtw
  bool wide = false;  // 64 bits
  bool is_signed = false;  // of a load, of bits: the sign goes on
  bool vector = false;     // rd, and rd2, are vector registers; of `other`, kZero for any of them
  bool pair = false;
  bool negated = false;
  bool writes_memory = false;
  std::int64_t imm = 0;  // of direct branches: the distance
  RegisterSet written = 0;
};

A64 decode(std::uint32_t word);
// On the safe side: what is not known counts as read.
Use use_of(const A64& in, std::uint32_t word, unsigned reg);

}  // namespace callgate::scan::arm64
