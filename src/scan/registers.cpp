// SPDX-License-Identifier: Apache-2.0
#include "scan/registers.h"

namespace callgate::scan {

namespace {

// The register of an 8-bit operand: without REX, 4 to 7 are ah, ch, dh, bh.
unsigned byte_register(const Insn& in, unsigned reg) {
  return !in.has_rex && reg >= 4 && reg < 8 ? reg - 4 : reg;
}

RegisterSet direct(const Insn& in, bool byte = false) {
  if (!in.has_modrm || in.mod != 3) return 0;
  return bit(byte ? byte_register(in, in.rm) : in.rm);
}

RegisterSet arithmetic(const Insn& in) {
  if ((in.opcode & 0x38U) == 0x38U) return 0;  // cmp
  switch (in.opcode & 7U) {
    case 0:
      return direct(in, true);
    case 1:
      return direct(in);
    case 2:
      return bit(byte_register(in, in.reg));
    case 3:
      return bit(in.reg);
    default:
      return bit(kRax);
  }
}

RegisterSet string_instruction(std::uint8_t opcode) {
  const RegisterSet rep = bit(kRcx);
  switch (opcode) {
    case 0xac:
    case 0xad:
      return static_cast<RegisterSet>(rep | bit(kRax) | bit(kRsi));
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f:
    case 0xa4:
    case 0xa5:
    case 0xa6:
    case 0xa7:
      return static_cast<RegisterSet>(rep | bit(kRsi) | bit(kRdi));
    default:
      return static_cast<RegisterSet>(rep | bit(kRdi));
  }
}

RegisterSet one_byte(const Insn& in) {
  const std::uint8_t op = in.opcode;
  if (op < 0x40) return arithmetic(in);
  if (op >= 0x50 && op < 0x58) return 0;
  if (op >= 0x58 && op < 0x60) return bit(in.rm);
  if (op >= 0x70 && op < 0x80) return 0;
  if (op >= 0x90 && op < 0x98)
    return op == 0x90 && in.rm == 0 ? RegisterSet{0} : static_cast<RegisterSet>(bit(kRax) | bit(in.rm));
  if (op >= 0xb0 && op < 0xb8) return bit(byte_register(in, in.rm));
  if (op >= 0xb8 && op < 0xc0) return bit(in.rm);
  switch (op) {
    case 0x63:
    case 0x69:
    case 0x6b:
    case 0x8b:
    case 0x8d:
      return bit(in.reg);
    case 0x8a:
      return bit(byte_register(in, in.reg));
    case 0x68:
    case 0x6a:
    case 0x84:
    case 0x85:
    case 0x8e:
    case 0x9b:
    case 0x9c:
    case 0x9d:
    case 0x9e:
    case 0xa2:
    case 0xa3:
    case 0xa8:
    case 0xa9:
    case 0xc2:
    case 0xc3:
    case 0xcc:
    case 0xe9:
    case 0xeb:
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef:
      return 0;
    case 0x80:
      return in.group() == 7 ? RegisterSet{0} : direct(in, true);
    case 0x81:
    case 0x83:
      return in.group() == 7 ? RegisterSet{0} : direct(in);
    case 0x86:
      return static_cast<RegisterSet>(direct(in, true) | bit(byte_register(in, in.reg)));
    case 0x87:
      return static_cast<RegisterSet>(direct(in) | bit(in.reg));
    case 0x88:
    case 0xc0:
    case 0xc6:
    case 0xd0:
    case 0xd2:
      return direct(in, true);
    case 0x89:
    case 0x8c:
    case 0x8f:
    case 0xc1:
    case 0xc7:
    case 0xd1:
    case 0xd3:
      return static_cast<RegisterSet>(direct(in) | (in.is_transaction() ? bit(kRax) : 0));
    case 0x98:
    case 0x9f:
    case 0xa0:
    case 0xa1:
    case 0xd7:
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
      return bit(kRax);
    case 0x99:
      return bit(kRdx);
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f:
    case 0xa4:
    case 0xa5:
    case 0xa6:
    case 0xa7:
    case 0xaa:
    case 0xab:
    case 0xac:
    case 0xad:
    case 0xae:
    case 0xaf:
      return string_instruction(op);
    case 0xc8:
    case 0xc9:
      return static_cast<RegisterSet>(bit(kRbp) | bit(kRsp));
    case 0xe0:
    case 0xe1:
    case 0xe2:
      return bit(kRcx);
    case 0xe3:
      return 0;
    case 0xe8:
      return kCallerSaved;
    case 0xf6:
    case 0xf7:
      if (in.group() < 2) return 0;
      if (in.group() < 4) return direct(in, op == 0xf6);
      return static_cast<RegisterSet>(bit(kRax) | bit(kRdx));
    case 0xfe:
      return direct(in, true);
    case 0xff:
      if (in.group() < 2) return direct(in);
      return in.group() == 2 || in.group() == 3 ? kCallerSaved : RegisterSet{0};
    default:
      return op >= 0xd8 && op <= 0xdf ? (op == 0xdf ? bit(kRax) : RegisterSet{0}) : RegisterSet{0xffff};
  }
}

RegisterSet two_byte(const Insn& in) {
  const std::uint8_t op = in.opcode;
  if ((op & 0xf0U) == 0x80U || op == 0x0b || op == 0x0d || op == 0x77 || op == 0xa3) return 0;
  if ((op & 0xf0U) == 0x40U) return bit(in.reg);
  if ((op & 0xf0U) == 0x90U) return direct(in, true);
  if (op >= 0xc8 && op < 0xd0) return bit(in.rm);
  if (op >= 0x18 && op < 0x20) return in.rep ? direct(in) : RegisterSet{0};
  switch (op) {
    case 0x05:
      return static_cast<RegisterSet>(bit(kRax) | bit(kRcx) | bit(kR11));
    case 0x2c:
    case 0x2d:
    case 0x50:
    case 0xaf:
    case 0xb6:
    case 0xb7:
    case 0xb8:
    case 0xbc:
    case 0xbd:
    case 0xbe:
    case 0xbf:
    case 0xc5:
    case 0xd7:
      return bit(in.reg);
    case 0x20:
    case 0x21:
    case 0x78:
    case 0x7e:
    case 0xa4:
    case 0xa5:
    case 0xab:
    case 0xac:
    case 0xad:
    case 0xae:
    case 0xb3:
    case 0xba:
    case 0xbb:
    case 0xc7:
      return static_cast<RegisterSet>(direct(in) | (op == 0xc7 ? bit(kRax) | bit(kRdx) : 0));
    case 0xb0:
    case 0xb1:
      return static_cast<RegisterSet>(direct(in, op == 0xb0) | bit(kRax));
    case 0xc0:
    case 0xc1:
      return static_cast<RegisterSet>(direct(in, op == 0xc0) | bit(op == 0xc0 ? byte_register(in, in.reg) : in.reg));
    case 0x31:
    case 0x32:
      return static_cast<RegisterSet>(bit(kRax) | bit(kRdx));
    case 0xa2:
      return static_cast<RegisterSet>(bit(kRax) | bit(kRbx) | bit(kRcx) | bit(kRdx));
    default:
      break;
  }
  // SSE between vector registers and memory.
  if ((op >= 0x10 && op < 0x18) || (op >= 0x28 && op < 0x30) || (op >= 0x51 && op < 0x80) || op == 0xc2 || op == 0xc3 ||
      op == 0xc4 || op == 0xc6 || op >= 0xd0)
    return 0;
  return 0xffff;
}

}  // namespace

Flow flow_of(const Insn& in) {
  if (in.is_call()) return Flow::call;
  if (in.is_jump()) return Flow::jump;
  if (in.is_branch()) return Flow::branch;
  if (in.is_indirect_call()) return Flow::indirect_call;
  if (in.is_indirect_jump()) return in.rip_relative ? Flow::slot_jump : Flow::indirect_jump;
  if (in.is_return()) return Flow::returns;
  return in.is_end() ? Flow::stops : Flow::next;
}

RegisterSet written(const Insn& in) {
  if (!in.vector && in.map == Map::one) return one_byte(in);
  if (!in.vector && in.map == Map::two) return two_byte(in);
  // Most of these write vector registers; some, by the same encodings, general ones.
  RegisterSet out = static_cast<RegisterSet>(bit(in.reg) | direct(in) | bit(kRcx));
  if (in.vector) out = static_cast<RegisterSet>(out | bit(in.vvvv));
  return out;
}

Use use_of(const Insn& in, unsigned reg) {
  const auto r = static_cast<std::uint8_t>(reg);
  const auto yes = [](bool b) { return b ? Use::read : Use::none; };
  if (in.base == static_cast<int>(reg) || in.index == static_cast<int>(reg)) return Use::read;
  if (in.vector || in.map > Map::two) return yes(in.has_modrm && (in.reg == r || (in.mod == 3 && in.rm == r)));
  if (in.map == Map::one) {
    // rax and r10 go along for what takes a number of vectors, or a static chain.
    constexpr RegisterSet kParameters = 0x07c7;
    if (in.is_call()) return yes((bit(reg) & kParameters) != 0);
    if (in.is_indirect_call() || in.is_indirect_jump())
      return yes((in.mod == 3 && in.rm == r) || (bit(reg) & kParameters) != 0);
    if (in.is_jump() || in.is_branch() || in.is_return() || in.one(0x90)) return Use::none;
    const bool to_rm_only = in.one(0xc7) || in.one(0xc6);
    const bool load = in.one(0x8b) || in.one(0x8d) || in.one(0x63);
    if ((in.opcode & 0xf0U) == 0xb0U || (in.opcode & 0xf8U) == 0x58U) return Use::none;
    if ((in.opcode & 0xf8U) == 0x50U) return yes(in.rm == r);
    if (to_rm_only) return Use::none;
    if (load) return yes(in.mod == 3 && in.rm == r);
    if (in.one(0x89)) return yes(in.reg == r);
    if ((in.one(0x31) || in.one(0x33)) && in.mod == 3 && in.reg == in.rm) return Use::none;
    if (in.one(0x80) || in.one(0x81) || in.one(0x83) || in.one(0xc1) || in.one(0xd1))
      return yes(in.mod == 3 && in.rm == r);
    if (in.one(0x85) || in.one(0x84) || (in.opcode < 0x40 && (in.opcode & 7U) < 4))
      return yes(in.reg == r || (in.mod == 3 && in.rm == r));
    // Registers that no operand names are among the first eight.
    if (in.has_modrm && r >= 8) return yes(in.reg == r || (in.mod == 3 && in.rm == r));
    if (r >= 8 && (in.opcode & 0xf8U) != 0x90U) return Use::none;
    return Use::read;
  }
  constexpr RegisterSet kSyscall = 0x07c5;  // rax rdx rsi rdi r8 r9 r10
  if (in.is_syscall()) return yes((bit(reg) & kSyscall) != 0);
  if ((in.opcode & 0xf0U) == 0x80U || in.two(0x1f) || in.two(0x1e)) return Use::none;
  const bool sse = in.opcode >= 0x10 && in.opcode < 0x18;
  const bool moves = sse || in.two(0x28) || in.two(0x29) || in.two(0x6f) || in.two(0x7f);
  if (moves) return Use::none;
  if (in.two(0xb6) || in.two(0xb7) || in.two(0xbe) || in.two(0xbf)) return yes(in.mod == 3 && in.rm == r);
  if ((in.opcode & 0xf0U) == 0x90U) return yes(in.mod == 3 && in.rm == r);
  return yes(!in.has_modrm || in.reg == r || (in.mod == 3 && in.rm == r));
}

bool writes_memory(const Insn& in) {
  if (!in.has_memory) return false;
  const std::uint8_t op = in.opcode;
  if (!in.vector && in.map == Map::one) {
    if (op < 0x40) return (op & 7U) < 2 && (op & 0x38U) != 0x38U;
    if (op == 0x80 || op == 0x81 || op == 0x83) return in.group() != 7;
    if (op == 0xf6 || op == 0xf7) return in.group() == 2 || in.group() == 3;
    if (op == 0xff) return in.group() < 2;
    constexpr std::uint8_t kReads[] = {0x62, 0x63, 0x69, 0x6b, 0x84, 0x85, 0x8a, 0x8b, 0x8d, 0x8e};
    for (const std::uint8_t each : kReads)
      if (op == each) return false;
    return true;
  }
  if (in.map == Map::two) {
    const bool sse_load = op == 0x10 || op == 0x12 || op == 0x14 || op == 0x15 || op == 0x16 || op == 0x28 ||
                          op == 0x2a || (op >= 0x2c && op < 0x30) || (op >= 0x51 && op < 0x78) ||
                          (op >= 0xd0 && op != 0xd6 && op != 0xe7);
    const bool reads = (op & 0xf0U) == 0x40U || (op >= 0x18 && op < 0x20) || op == 0x0d || op == 0xa3 || op == 0xaf ||
                       op == 0xb6 || op == 0xb7 || op == 0xb8 || op == 0xbc || op == 0xbd || op == 0xbe || op == 0xbf;
    return !(sse_load || (!in.vector && reads));
  }
  return true;
}

}  // namespace callgate::scan
