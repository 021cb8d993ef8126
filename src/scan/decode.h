// x86-64 instructions, as far as the analysis asks: how long, where they branch, which address they name, and (in
// registers.h) which general registers they write. One pass over a table; no allocation, no text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace callgate::scan {

// The opcode map; vector encodings (VEX, EVEX, XOP) keep the number of the map they name.
enum class Map : std::uint8_t { one = 0, two = 1, three_38 = 2, three_3a = 3, other = 4 };

struct Insn {
  std::uint8_t length = 0;
  std::uint8_t opcode = 0;
  Map map = Map::one;
  bool vector = false;  // VEX, EVEX or XOP
  bool wide = false;    // REX.W, or its like in a vector prefix
  bool has_modrm = false, has_memory = false, rip_relative = false;
  bool has_rex = false;
  bool operand16 = false, rep = false, repne = false, segment = false;
  std::uint8_t mod = 0;
  std::uint8_t reg = 0;               // ModRM.reg with its extension bit: 0 rax … 15 r15
  std::uint8_t rm = 0;                // ModRM.rm or the opcode's register with their extension bit; no memory
  std::uint8_t vvvv = 0;              // the second source of a vector encoding
  std::int8_t base = -1, index = -1;  // registers of the memory operand; -1: none
  std::uint8_t scale = 1;
  std::int32_t displacement = 0;
  std::int64_t immediate = 0;
  std::uint8_t immediate_bytes = 0;

  bool one(std::uint8_t op) const { return map == Map::one && !vector && opcode == op; }
  bool two(std::uint8_t op) const { return map == Map::two && !vector && opcode == op; }
  // ModRM.reg as a part of the opcode.
  unsigned group() const { return reg & 7U; }
  bool is_syscall() const { return two(0x05); }
  bool is_call() const { return one(0xe8); }
  bool is_jump() const { return one(0xe9) || one(0xeb); }
  bool is_branch() const {  // conditional, with a target in `immediate`
    return (map == Map::two && !vector && (opcode & 0xf0U) == 0x80U) ||
           (map == Map::one && !vector && ((opcode & 0xf0U) == 0x70U || (opcode & 0xfcU) == 0xe0U)) || is_transaction();
  }
  // xbegin: goes on at its target, with a reason in eax, if the transaction is given up.
  bool is_transaction() const { return one(0xc7) && mod == 3 && group() == 7; }
  bool is_indirect_call() const { return one(0xff) && group() == 2; }
  bool is_indirect_jump() const { return one(0xff) && group() == 4; }
  bool is_return() const { return one(0xc3) || one(0xc2); }
  // Control never goes on to the next instruction.
  bool is_end() const {
    return is_jump() || is_indirect_jump() || is_return() || one(0xf4) || two(0x0b) || two(0xb9) || two(0xff);
  }
};

// False where the bytes are no instruction, or `code` ends within it.
bool decode(std::span<const std::uint8_t> code, Insn& out);

}  // namespace callgate::scan
