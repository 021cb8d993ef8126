// The opcode maps as rows of sixteen letters. M: ModRM follows; b, w: an immediate of 1 or 2 bytes; z: of 4 (2 with
// the operand-size prefix); B, Z: ModRM and such an immediate; v: 4 or, with REX.W, 8; o: an absolute address;
// e: 2 and 1; j, J: a branch distance of 1 or 4; g, G: group 3, whose TEST forms have an immediate; p: prefix;
// r: REX; V: leads in a vector encoding; E: leads to another map; X: no instruction.
// SPDX-License-Identifier: Apache-2.0
#include "scan/decode.h"

#include <array>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace callgate::scan {

namespace {

constexpr std::string_view kOneByte =
    "MMMMbzXXMMMMbzXE"   // 00
    "MMMMbzXXMMMMbzXX"   // 10
    "MMMMbzpXMMMMbzpX"   // 20
    "MMMMbzpXMMMMbzpX"   // 30
    "rrrrrrrrrrrrrrrr"   // 40
    "0000000000000000"   // 50
    "XXVMppppzZbB0000"   // 60
    "jjjjjjjjjjjjjjjj"   // 70
    "BZXBMMMMMMMMMMMM"   // 80
    "0000000000X00000"   // 90
    "oooo0000bz000000"   // a0
    "bbbbbbbbvvvvvvvv"   // b0
    "BBw0VVBZe0w00bX0"   // c0
    "MMMMXXX0MMMMMMMM"   // d0
    "jjjjbbbbJJXj0000"   // e0
    "p0pp00gG000000MM";  // f0
constexpr std::string_view kTwoByte =
    "MMMMX00000X0XM0B"   // 00
    "MMMMMMMMMMMMMMMM"   // 10
    "MMMMXXXXMMMMMMMM"   // 20
    "000000X0EXEXXXXX"   // 30
    "MMMMMMMMMMMMMMMM"   // 40
    "MMMMMMMMMMMMMMMM"   // 50
    "MMMMMMMMMMMMMMMM"   // 60
    "BBBBMMM0MMXXMMMM"   // 70
    "JJJJJJJJJJJJJJJJ"   // 80
    "MMMMMMMMMMMMMMMM"   // 90
    "000MBMMM000MBMMM"   // a0
    "MMMMMMMMMMBMMMMM"   // b0
    "MMBMBBBM00000000"   // c0
    "MMMMMMMMMMMMMMMM"   // d0
    "MMMMMMMMMMMMMMMM"   // e0
    "MMMMMMMMMMMMMMMM";  // f0
static_assert(kOneByte.size() == 256 && kTwoByte.size() == 256);

class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> code, Insn& out)
      : begin_(code.data()), at_(begin_), end_(begin_ + std::min<std::size_t>(code.size(), 15)), out_(out) {}

  bool run() {
    out_ = Insn{};
    if (!prefixes()) return false;
    char form = kOneByte[out_.opcode];
    if (form == 'E')
      form = escape();
    else if (form == 'V' || (out_.opcode == 0x8f && at_ < end_ && (*at_ & 0x1fU) >= 8))
      form = vector();
    if (!operands(form)) return false;
    out_.length = static_cast<std::uint8_t>(at_ - begin_);
    return true;
  }

 private:
  bool take(std::uint8_t& byte) {
    if (at_ == end_) return false;
    byte = *at_++;
    return true;
  }

  // A REX prefix counts only right before the opcode.
  bool prefixes() {
    for (std::uint8_t byte = 0; take(byte);) {
      const char form = kOneByte[byte];
      if (form == 'r') {
        rex_ = byte;
        continue;
      }
      if (form != 'p') {
        out_.opcode = byte;
        out_.has_rex = rex_ != 0;
        out_.wide = (rex_ & 8U) != 0;
        return true;
      }
      rex_ = 0;
      if (byte == 0x66)
        out_.operand16 = true;
      else if (byte == 0x67)
        address32_ = true;
      else if (byte == 0xf3)
        out_.rep = true;
      else if (byte == 0xf2)
        out_.repne = true;
      else if (byte == 0x64 || byte == 0x65)
        out_.segment = true;
    }
    return false;
  }

  char escape() {
    if (!take(out_.opcode)) return 'X';
    out_.map = Map::two;
    if (out_.opcode == 0x38 || out_.opcode == 0x3a) {
      out_.map = out_.opcode == 0x38 ? Map::three_38 : Map::three_3a;
      return take(out_.opcode) ? (out_.map == Map::three_38 ? 'M' : 'B') : 'X';
    }
    // SSE4a's EXTRQ and INSERTQ.
    if (out_.opcode == 0x78 && (out_.operand16 || out_.repne)) return 'Q';
    return kTwoByte[out_.opcode];
  }

  char vector() {
    const std::uint8_t lead = out_.opcode;
    std::uint8_t raw_first = 0, raw_second = 0, third = 0;
    out_.vector = true;
    if (!take(raw_first)) return 'X';
    unsigned map = 1;
    const unsigned first = raw_first;
    rex_ = (first ^ 0xe0U) >> 5U & 4U;  // R
    unsigned second = first;
    if (lead != 0xc5) {
      if (!take(raw_second)) return 'X';
      second = raw_second;
      rex_ |= (first ^ 0xe0U) >> 5U & 3U;  // X, B
      out_.wide = (second & 0x80U) != 0;
      map = lead == 0x62 ? first & 7U : first & 0x1fU;
    }
    if (lead == 0x62 && !take(third)) return 'X';
    out_.vvvv = static_cast<std::uint8_t>((second ^ 0x78U) >> 3U & 15U);
    if (!take(out_.opcode)) return 'X';
    out_.map = map >= 1 && map <= 3 ? static_cast<Map>(map) : Map::other;
    if (lead == 0x8f) return map == 8 ? 'B' : map == 9 ? 'M' : map == 10 ? 'D' : 'X';
    if (map == 1) return lead != 0x62 && out_.opcode == 0x77 ? '0' : kTwoByte[out_.opcode] == 'B' ? 'B' : 'M';
    if (map == 3) return 'B';
    return map == 2 || (lead == 0x62 && (map == 5 || map == 6)) ? 'M' : 'X';
  }

  template <class T>
  bool number(std::int64_t& value) {
    std::make_unsigned_t<T> raw;
    if (static_cast<std::size_t>(end_ - at_) < sizeof raw) return false;
    std::memcpy(&raw, at_, sizeof raw);
    at_ += sizeof raw;
    // The sign bit goes on through all higher ones.
    constexpr unsigned kShift = 64 - 8 * sizeof raw;
    value = static_cast<std::int64_t>(std::uint64_t{raw} << kShift) >> kShift;
    return true;
  }

  bool immediate(unsigned bytes) {
    out_.immediate_bytes = static_cast<std::uint8_t>(bytes);
    switch (bytes) {
      case 1:
        return number<std::int8_t>(out_.immediate);
      case 2:
        return number<std::int16_t>(out_.immediate);
      case 4:
        return number<std::int32_t>(out_.immediate);
      default:
        return number<std::int64_t>(out_.immediate);
    }
  }

  bool displacement(unsigned bytes) {
    std::int64_t value = 0;
    if (!(bytes == 1 ? number<std::int8_t>(value) : number<std::int32_t>(value))) return false;
    out_.displacement = static_cast<std::int32_t>(value);
    return true;
  }

  bool modrm() {
    std::uint8_t byte = 0;
    if (!take(byte)) return false;
    out_.has_modrm = true;
    // Moves of control and debug registers name registers whatever the mode says.
    const bool control = out_.map == Map::two && !out_.vector && out_.opcode >= 0x20 && out_.opcode < 0x24;
    out_.mod = control ? 3 : byte >> 6U;
    const unsigned low = byte & 7U;
    out_.reg = static_cast<std::uint8_t>((byte >> 3U & 7U) | (rex_ & 4U) << 1U);
    const unsigned high_base = (rex_ & 1U) << 3U;
    if (out_.mod == 3) {
      out_.rm = static_cast<std::uint8_t>(low | high_base);
      return true;
    }
    out_.has_memory = true;
    unsigned base = low;
    if (low == 4) {
      std::uint8_t sib = 0;
      if (!take(sib)) return false;
      base = sib & 7U;
      const unsigned index = (sib >> 3U & 7U) | (rex_ & 2U) << 2U;
      if (index != 4) out_.index = static_cast<std::int8_t>(index);
      out_.scale = static_cast<std::uint8_t>(1U << (sib >> 6U));
    } else if (low == 5 && out_.mod == 0) {
      out_.rip_relative = true;
      return displacement(4);
    }
    if (base == 5 && out_.mod == 0) return displacement(4);
    out_.base = static_cast<std::int8_t>(base | high_base);
    return out_.mod == 0 || displacement(out_.mod == 1 ? 1 : 4);
  }

  bool operands(char form) {
    const unsigned z = out_.operand16 && !out_.wide ? 2 : 4;
    if (!out_.vector) out_.rm = static_cast<std::uint8_t>((out_.opcode & 7U) | (rex_ & 1U) << 3U);
    switch (form) {
      case '0':
        return true;
      case 'M':
        return modrm();
      case 'B':
        return modrm() && immediate(1);
      case 'Z':
        return modrm() && immediate(z);
      case 'D':
        return modrm() && immediate(4);
      case 'Q':
        return modrm() && immediate(2);
      case 'b':
      case 'j':
        return immediate(1);
      case 'J':
        return immediate(4);
      case 'w':
        return immediate(2);
      case 'z':
        return immediate(z);
      case 'v':
        return immediate(out_.wide ? 8 : z);
      case 'o':
        return immediate(address32_ ? 4 : 8);
      case 'e':
        return immediate(2) && immediate(1);
      case 'g':
        return modrm() && (out_.group() > 1 || immediate(1));
      case 'G':
        return modrm() && (out_.group() > 1 || immediate(z));
      default:
        return false;
    }
  }

  const std::uint8_t *begin_, *at_, *end_;
  Insn& out_;
  unsigned rex_ = 0;
  bool address32_ = false;
};

}  // namespace

bool decode(std::span<const std::uint8_t> code, Insn& out) {
  return Decoder(code, out).run();
}

}  // namespace callgate::scan
