// SPDX-License-Identifier: Apache-2.0
#include "scan/arm64.h"

#include <bit>

namespace callgate::scan::arm64 {

namespace {

constexpr std::uint32_t field(std::uint32_t word, unsigned low, unsigned width) {
  return word >> low & ((std::uint32_t{1} << width) - 1);
}
constexpr std::int64_t signed_field(std::uint32_t word, unsigned low, unsigned width) {
  const unsigned shift = 64 - width;
  return static_cast<std::int64_t>(std::uint64_t{field(word, low, width)} << shift) >> shift;
}
// A register field of which 31 means the stack pointer, or zero.
constexpr std::uint8_t with_sp(std::uint32_t number) {
  return static_cast<std::uint8_t>(number);
}
constexpr std::uint8_t with_zero(std::uint32_t number) {
  return static_cast<std::uint8_t>(number == kStackPointer ? kZero : number);
}
constexpr RegisterSet set_of(std::uint8_t reg) {
  return reg == kZero ? 0 : bit(reg);
}

// The constant of a logical instruction: a run of ones, turned, and repeated (DecodeBitMasks).
std::optional<std::uint64_t> bit_mask(std::uint32_t n, std::uint32_t imms, std::uint32_t immr, bool wide) {
  const std::uint32_t key = n << 6U | (~imms & 0x3fU);
  if (key == 0 || (n == 1 && !wide)) return std::nullopt;
  const unsigned length = static_cast<unsigned>(std::bit_width(key)) - 1;
  if (length == 0) return std::nullopt;
  const unsigned size = 1U << length, levels = size - 1;
  const unsigned ones = (imms & levels) + 1, turn = immr & levels;
  if (ones == size) return std::nullopt;
  const std::uint64_t element_mask = size == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << size) - 1;
  std::uint64_t element = (std::uint64_t{1} << ones) - 1;
  if (turn != 0) element = (element >> turn | element << (size - turn)) & element_mask;
  std::uint64_t out = 0;
  for (unsigned at = 0; at < 64; at += size) out |= element << at;
  return wide ? out : out & 0xffffffffU;
}

class Decoder {
 public:
  explicit Decoder(std::uint32_t word) : w_(word) {}

  A64 run() {
    switch (field(w_, 25, 4)) {
      case 8:
      case 9:
        constants();
        break;
      case 10:
      case 11:
        branches();
        break;
      case 4:
      case 6:
      case 12:
      case 14:
        memory();
        break;
      case 5:
      case 13:
        registers();
        break;
      case 7:
      case 15:
        vectors();
        break;
      case 2:  // SVE
        other(bit_of(0));
        any_vector();
        out_.writes_memory = field(w_, 29, 3) == 7;
        break;
      case 0:
        if (field(w_, 31, 1) != 0) {  // SME
          other(bit_of(0));
          any_vector();
          out_.writes_memory = true;
        } else if (field(w_, 16, 16) == 0) {  // UDF
          out_.op = Op::control;
          out_.flow = Flow::stops;
        }
        break;
      default:
        break;
    }
    return out_;
  }

 private:
  std::uint32_t rd() const { return field(w_, 0, 5); }
  std::uint32_t rn() const { return field(w_, 5, 5); }
  std::uint32_t rm() const { return field(w_, 16, 5); }
  RegisterSet bit_of(unsigned low) const { return set_of(with_zero(field(w_, low, 5))); }

  void other(RegisterSet written) {
    out_.op = Op::other;
    out_.written = written;
  }
  void any_vector() {
    out_.vector = true;
    out_.rd = kZero;
  }
  void result(Op op, std::uint8_t rd) {
    out_.op = op;
    out_.rd = rd;
    out_.written = set_of(rd);
  }

  void constants() {
    const bool wide = out_.wide = field(w_, 31, 1) != 0;
    const std::uint32_t opc = field(w_, 29, 2);
    switch (field(w_, 23, 3)) {
      case 0:
      case 1: {
        const std::int64_t imm = signed_field(w_, 5, 19) * 4 + field(w_, 29, 2);
        result(wide ? Op::page : Op::address, with_zero(rd()));
        out_.imm = wide ? imm * 4096 : imm;
        out_.wide = true;
        return;
      }
      case 2: {
        const std::int64_t imm = std::int64_t{field(w_, 10, 12)} << (field(w_, 22, 1) * 12);
        const bool flags = (opc & 1U) != 0, subtract = (opc & 2U) != 0;
        out_.rn = with_sp(rn());
        out_.imm = subtract ? -imm : imm;
        if (flags && rd() == 31) {
          out_.op = subtract ? Op::compare_constant : Op::compare;
          out_.imm = imm;
          return;
        }
        // mov to and from the stack pointer; others are the second half of an address.
        const bool moves = imm == 0 && !flags && !subtract && (rd() == kStackPointer || rn() == kStackPointer);
        result(moves ? Op::copy : Op::add, flags ? with_zero(rd()) : with_sp(rd()));
        return;
      }
      case 4: {
        const auto mask = bit_mask(field(w_, 22, 1), field(w_, 10, 6), field(w_, 16, 6), wide);
        if (!mask) return;
        out_.rn = with_zero(rn());
        out_.imm = static_cast<std::int64_t>(*mask);
        constexpr Function kFunctions[] = {Function::conjunction, Function::disjunction, Function::exclusive,
                                           Function::conjunction};
        out_.function = kFunctions[opc];
        if (opc == 3 && rd() == 31) {
          out_.op = Op::compare;
          return;
        }
        const bool moves = opc == 1 && out_.rn == kZero;
        result(moves ? Op::constant : Op::logic, opc == 3 ? with_zero(rd()) : with_sp(rd()));
        return;
      }
      case 5: {
        const std::uint32_t hw = field(w_, 21, 2);
        if (opc == 1 || (!wide && hw > 1)) return;
        const std::uint64_t imm = std::uint64_t{field(w_, 5, 16)} << (hw * 16);
        result(opc == 3 ? Op::insert : Op::constant, with_zero(rd()));
        out_.shift = static_cast<std::uint8_t>(hw * 16);
        out_.imm = static_cast<std::int64_t>(opc != 0 ? imm : wide ? ~imm : ~imm & 0xffffffffU);
        return;
      }
      case 6:
        if (opc == 3 || field(w_, 22, 1) != field(w_, 31, 1)) return;
        out_.rn = with_zero(rn());
        result(opc == 1 ? Op::other : Op::bits, with_zero(rd()));
        out_.is_signed = opc == 0;
        out_.imm = field(w_, 16, 6) << 8U | field(w_, 10, 6);
        return;
      default:  // with tags, minimum and maximum, extr
        return other(set_of(with_sp(rd())));
    }
  }

  void direct(Flow flow, std::int64_t distance) {
    out_.op = Op::control;
    out_.flow = flow;
    out_.imm = distance;
    if (flow == Flow::call) out_.written = kCallerSaved;
  }

  void branches() {
    const std::uint32_t top = field(w_, 24, 8);
    if ((top & 0x7cU) == 0x14U)
      return direct((top & 0x80U) != 0 ? Flow::call : Flow::jump, signed_field(w_, 0, 26) * 4);
    if ((top & 0x7eU) == 0x34U) {
      direct(Flow::branch, signed_field(w_, 5, 19) * 4);
      out_.op = Op::zero_branch;
      out_.negated = (top & 1U) != 0;
      out_.wide = (top & 0x80U) != 0;
      out_.rn = with_zero(rd());
      return;
    }
    if ((top & 0x7eU) == 0x36U) {
      direct(Flow::branch, signed_field(w_, 5, 14) * 4);
      out_.rn = with_zero(rd());
      return;
    }
    if (top == 0x54) {
      direct(Flow::branch, signed_field(w_, 5, 19) * 4);
      const std::uint32_t condition = field(w_, 0, 4);
      if (condition <= 1) out_.op = Op::flag_branch, out_.negated = condition == 1;
      return;
    }
    if (top == 0xd4) return exceptions();
    if (top == 0xd5) return system();
    if (top == 0xd6 || top == 0xd7) return through_register();
  }

  void exceptions() {
    const std::uint32_t opc = field(w_, 21, 3), low = field(w_, 0, 5);
    const std::uint32_t imm = field(w_, 5, 16);
    if (opc == 0 && low == 1) {
      out_.op = Op::svc;
      out_.written = bit(0);
    } else if (opc <= 3 || opc == 5) {
      // __builtin_trap() is brk #1000; a debugger goes on behind others.
      direct(opc == 1 && imm != 1000 ? Flow::next : Flow::stops, imm);
    }
  }

  void system() {
    if ((w_ & 0xfffff01fU) == 0xd503201fU) {
      // Pointer authentication without operands changes x17 or the link register.
      const std::uint32_t hint = field(w_, 5, 7);
      if (hint == 7 || (hint >= 24 && hint < 32)) return other(bit(kLink));
      if (hint >= 8 && hint < 16) return other(bit(17));
      out_.op = Op::nop;
      return;
    }
    if (field(w_, 22, 2) > 1) return;
    const bool reads = field(w_, 21, 1) != 0;
    other(reads ? bit_of(0) : 0);
    // Of 128 bits: two registers.
    if (reads && field(w_, 22, 2) == 1) out_.written |= set_of(with_zero(rd() | 1U));
    // dc zva, and other instructions that work on memory.
    out_.writes_memory = !reads && field(w_, 19, 2) == 1;
  }

  void through_register() {
    if (rm() != 31 || field(w_, 25, 7) != 0x6b) return;
    const std::uint32_t opc = field(w_, 21, 4), op3 = field(w_, 10, 6);
    if (op3 != 0 && op3 != 2 && op3 != 3) return;
    out_.rn = with_zero(rn());
    switch (opc) {
      case 0:
      case 8:
        return direct(Flow::indirect_jump, 0);
      case 1:
      case 9:
        direct(Flow::indirect_call, 0);
        out_.written = kCallerSaved;
        return;
      case 2:
        return direct(Flow::returns, 0);
      case 4:
      case 5:
        return direct(Flow::stops, 0);  // not for programs
      default:
        return;
    }
  }

  // Rt as a general register, or as a vector's number.
  void transfer(bool load, bool vector, std::uint8_t size, Mode mode) {
    out_.op = load ? Op::load : Op::store;
    out_.vector = vector;
    out_.size = size;
    out_.mode = mode;
    out_.rd = vector ? static_cast<std::uint8_t>(rd()) : with_zero(rd());
    out_.rn = mode == Mode::literal ? kZero : with_sp(rn());
    out_.writes_memory = !load;
    if (load && !vector) out_.written |= set_of(out_.rd);
    if (mode == Mode::before || mode == Mode::after) out_.written |= bit(out_.rn);
  }

  void memory() {
    if ((w_ & 0x3b000000U) == 0x18000000U) return literal();
    if ((w_ & 0x3a000000U) == 0x28000000U) return pair();
    if ((w_ & 0x3b000000U) == 0x39000000U) {
      if (!sized(Mode::offset)) return;
      out_.imm = std::int64_t{field(w_, 10, 12)} * out_.size;
      return;
    }
    if ((w_ & 0x3b000000U) == 0x38000000U) return small_offset();
    if ((w_ & 0x3f000000U) == 0x08000000U) return exclusive();
    if ((w_ & 0xbe000000U) == 0x0c000000U) {  // vector structures
      other(field(w_, 23, 1) != 0 ? bit(with_sp(rn())) : 0);
      any_vector();
      out_.rn = with_sp(rn());
      out_.writes_memory = field(w_, 22, 1) == 0;
      return;
    }
    // Tags, ordered with an offset, copies and fills of memory, what is to come.
    other(bit_of(0) | bit(with_sp(rn())) | bit_of(16) | bit_of(10));
    out_.rn = with_sp(rn());
    out_.writes_memory = true;
    // ldapur, stlur
    if ((w_ & 0x3f200c00U) == 0x19000000U) {
      out_.written = field(w_, 22, 2) == 0 ? 0 : bit_of(0);
      out_.writes_memory = field(w_, 22, 2) == 0;
    }
  }

  void literal() {
    const std::uint32_t opc = field(w_, 30, 2);
    const bool vector = field(w_, 26, 1) != 0;
    if (!vector && opc == 3) {  // prefetch
      out_.op = Op::nop;
      return;
    }
    transfer(true, vector, static_cast<std::uint8_t>(vector ? 4U << opc : opc == 1 ? 8U : 4U), Mode::literal);
    out_.is_signed = opc == 2;
    out_.wide = opc != 0;
    out_.imm = signed_field(w_, 5, 19) * 4;
  }

  void pair() {
    const std::uint32_t opc = field(w_, 30, 2);
    const bool vector = field(w_, 26, 1) != 0, load = field(w_, 22, 1) != 0;
    constexpr Mode kModes[] = {Mode::offset, Mode::after, Mode::offset, Mode::before};
    const Mode mode = kModes[field(w_, 23, 2)];
    if (opc == 3) {
      if (vector) return;
      // Pairs in 128-bit units, or of tagged memory: not followed.
      other(bit_of(0) | bit_of(10) | bit(with_sp(rn())));
      out_.rn = with_sp(rn());
      out_.writes_memory = true;
      return;
    }
    const std::uint8_t size = static_cast<std::uint8_t>(vector ? 4U << opc : opc == 2 ? 8U : 4U);
    transfer(load, vector, size, mode);
    out_.pair = true;
    out_.rd2 = vector ? static_cast<std::uint8_t>(field(w_, 10, 5)) : with_zero(field(w_, 10, 5));
    if (load && !vector) out_.written |= set_of(out_.rd2);
    out_.wide = opc != 0;
    out_.is_signed = load && !vector && opc == 1;
    out_.imm = signed_field(w_, 15, 7) * size;
    if (!vector && !load && opc == 1) {  // stgp: 8 bytes each, in units of 16
      out_.size = 8;
      out_.imm = signed_field(w_, 15, 7) * 16;
    }
  }

  // Size and direction of plain loads and stores. False: a prefetch, or none.
  bool sized(Mode mode) {
    const std::uint32_t size = field(w_, 30, 2), opc = field(w_, 22, 2);
    if (field(w_, 26, 1) != 0) {
      if (opc >= 2 && size != 0) return false;
      transfer((opc & 1U) != 0, true, static_cast<std::uint8_t>(opc >= 2 ? 16U : 1U << size), mode);
      return true;
    }
    if (size == 3 && opc >= 2) {
      if (opc == 2) out_.op = Op::nop;
      return false;
    }
    transfer(opc != 0, false, static_cast<std::uint8_t>(1U << size), mode);
    out_.is_signed = opc >= 2;
    out_.wide = opc == 2 || size == 3;
    return true;
  }

  void small_offset() {
    const std::uint32_t form = field(w_, 10, 2);
    if (field(w_, 21, 1) == 0) {
      constexpr Mode kModes[] = {Mode::offset, Mode::after, Mode::offset, Mode::before};
      if (sized(kModes[form])) out_.imm = signed_field(w_, 12, 9);
      return;
    }
    if (form == 2) {
      if (!sized(Mode::indexed)) return;
      out_.rm = with_zero(rm());
      out_.extend = static_cast<std::uint8_t>(field(w_, 13, 3) + 1);
      out_.shift = field(w_, 12, 1) != 0 ? static_cast<std::uint8_t>(std::bit_width(unsigned{out_.size}) - 1) : 0;
      return;
    }
    if (field(w_, 26, 1) != 0) return;
    out_.rn = with_sp(rn());
    if ((form & 1U) != 0) {  // ldraa, ldrab
      if (field(w_, 30, 2) != 3) return;
      return other(bit_of(0) | (form == 3 ? bit(out_.rn) : 0));
    }
    // Atomic operations; of 64 bytes: eight registers.
    other(bit_of(0));
    out_.writes_memory = true;
    if (field(w_, 15, 1) != 0 && field(w_, 12, 3) > 1 && field(w_, 30, 2) == 3)
      for (std::uint32_t r = rd(); r < rd() + 8 && r < kStackPointer; ++r) out_.written |= bit(r);
    if (field(w_, 15, 1) != 0 && field(w_, 12, 3) > 1) out_.written |= bit_of(16);
  }

  void exclusive() {
    const bool load = field(w_, 22, 1) != 0, o2 = field(w_, 23, 1) != 0, o1 = field(w_, 21, 1) != 0;
    RegisterSet set = 0;
    if (o2 && !o1)
      set = load ? bit_of(0) : 0;  // ldar, stlr
    else if (o2)
      set = bit_of(16);  // cas
    else if (!o1)
      set = load ? bit_of(0) : bit_of(16);  // ldxr, stxr
    else if (field(w_, 31, 1) != 0)
      set = load ? bit_of(0) | bit_of(10) : bit_of(16);  // ldxp, stxp
    else
      set = bit_of(16) | set_of(with_zero(rm() | 1U));  // casp
    other(set);
    out_.rn = with_sp(rn());
    out_.writes_memory = !load || o1;
  }

  void registers() {
    out_.wide = field(w_, 31, 1) != 0;
    out_.rn = with_zero(rn());
    out_.rm = with_zero(rm());
    if (field(w_, 28, 1) != 0) return more_registers();
    const std::uint32_t opc = field(w_, 29, 2);
    out_.shift = static_cast<std::uint8_t>(field(w_, 10, 6));
    if (field(w_, 24, 1) == 0) {
      constexpr Function kPlain[] = {Function::conjunction, Function::disjunction, Function::exclusive,
                                     Function::conjunction};
      constexpr Function kNegated[] = {Function::clear, Function::other_or, Function::other_exclusive, Function::clear};
      out_.function = (field(w_, 21, 1) != 0 ? kNegated : kPlain)[opc];
      if (opc == 3 && rd() == 31) {
        out_.op = Op::compare;
        return;
      }
      if (field(w_, 22, 2) != 0) return result(Op::other, with_zero(rd()));
      if (out_.function == Function::disjunction && out_.rn == kZero && out_.shift == 0) {
        out_.rn = out_.rm;
        out_.rm = kZero;
        return result(Op::copy, with_zero(rd()));
      }
      return result(Op::combine, with_zero(rd()));
    }
    const bool flags = (opc & 1U) != 0, extended = field(w_, 21, 1) != 0;
    out_.function = (opc & 2U) != 0 ? Function::subtract : Function::add;
    if (extended) {
      out_.rn = with_sp(rn());
      out_.extend = static_cast<std::uint8_t>(field(w_, 13, 3) + 1);
      out_.shift = static_cast<std::uint8_t>(field(w_, 10, 3));
    }
    if (flags && rd() == 31) {
      out_.op = Op::compare;
      return;
    }
    const std::uint8_t to = extended && !flags ? with_sp(rd()) : with_zero(rd());
    result(!extended && field(w_, 22, 2) != 0 ? Op::other : Op::combine, to);
  }

  void more_registers() {
    const std::uint32_t group = field(w_, 21, 4);
    if (group == 2) {  // ccmp, ccmn
      out_.op = Op::compare;
      if (field(w_, 11, 1) != 0) out_.rm = kZero;
      return;
    }
    if (group == 4) {
      const bool invert = field(w_, 30, 1) != 0, increment = field(w_, 10, 1) != 0;
      out_.function = invert ? (increment ? Function::negate : Function::invert)
                             : (increment ? Function::increment : Function::itself);
      return result(Op::select, with_zero(rd()));
    }
    // rmif, setf8, setf16 write flags.
    if ((w_ & 0xffe07c10U) == 0xba000400U || (w_ & 0xffffbc1fU) == 0x3a00080dU) {
      out_.op = Op::compare;
      return;
    }
    result(Op::other, with_sp(rd()));
    if (out_.rd == kStackPointer && group != 6) out_.written = 0;  // but of subp, irg, gmi
  }

  // Those that move a number to a general register.
  void vectors() {
    RegisterSet set = 0;
    const std::uint32_t opcode = field(w_, 16, 3);
    if ((w_ & 0x5f20fc00U) == 0x1e200000U && opcode != 2 && opcode != 3 && opcode != 7) set = bit_of(0);
    if ((w_ & 0x5f200000U) == 0x1e000000U && opcode != 2 && opcode != 3) set = bit_of(0);
    if ((w_ & 0x9fe08400U) == 0x0e000400U && (field(w_, 11, 4) == 5 || field(w_, 11, 4) == 7)) set = bit_of(0);
    other(set);
    out_.vector = true;
    out_.rd = static_cast<std::uint8_t>(rd());
    // movi of zeros
    if ((w_ & 0xfffffc00U) == 0x4f000400U || (w_ & 0xffffffe0U) == 0x6f00e400U || (w_ & 0xffffffe0U) == 0x2f00e400U) {
      out_.op = Op::constant;
    }
  }

  std::uint32_t w_;
  A64 out_;
};

}  // namespace

A64 decode(std::uint32_t word) {
  return Decoder(word).run();
}

Use use_of(const A64& in, std::uint32_t word, unsigned reg) {
  const auto yes = [](bool b) { return b ? Use::read : Use::none; };
  const auto r = static_cast<std::uint8_t>(reg);
  switch (in.op) {
    case Op::nop:
    case Op::constant:
    case Op::address:
    case Op::page:
      return Use::none;
    case Op::svc:
      return yes(r <= 8);
    case Op::copy:
    case Op::add:
    case Op::logic:
    case Op::bits:
    case Op::compare_constant:
    case Op::zero_branch:
      return yes(in.rn == r);
    case Op::compare:
    case Op::combine:
    case Op::select:
      return yes(in.rn == r || in.rm == r);
    case Op::load:
      return yes(in.rn == r || in.rm == r);
    case Op::store:
      return yes(in.rn == r || in.rm == r || (!in.vector && (in.rd == r || in.rd2 == r)));
    case Op::flag_branch:
      return Use::none;
    case Op::control:
      // Parameters; x8 for where a structure goes, x16 to x18 for who stands between.
      if (is_any_call(in.flow) || is_any_indirect_jump(in.flow))
        return yes(in.rn == r || r <= 8 || (r >= 16 && r <= 18));
      return yes(in.rn == r);
    default:
      break;
  }
  // Any field that can name a register.
  for (const unsigned low : {0U, 5U, 10U, 16U})
    if ((word >> low & 31U) == r) return Use::read;
  return Use::none;
}

}  // namespace callgate::scan::arm64
