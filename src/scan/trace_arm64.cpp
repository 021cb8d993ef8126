// What one aarch64 instruction does to the place whose value is asked for.
// SPDX-License-Identifier: Apache-2.0
#include "scan/trace.h"

namespace callgate::scan {

using arm64::A64;
using arm64::kFramePointer;
using arm64::kStackPointer;
using arm64::kZero;
using arm64::Op;
using F = arm64::Function;

namespace {

std::int64_t low(std::uint64_t v, bool wide) {
  return static_cast<std::int64_t>(wide ? v : v & 0xffffffffU);
}

std::int64_t computed(F function, std::int64_t left, std::int64_t right) {
  const auto a = static_cast<std::uint64_t>(left), b = static_cast<std::uint64_t>(right);
  const auto out = [&] {
    switch (function) {
      case F::add:
        return a + b;
      case F::subtract:
        return a - b;
      case F::conjunction:
        return a & b;
      case F::disjunction:
        return a | b;
      case F::exclusive:
        return a ^ b;
      case F::clear:
        return a & ~b;
      case F::other_or:
        return a | ~b;
      case F::other_exclusive:
        return a ^ ~b;
      case F::itself:
        return b;
      case F::increment:
        return b + 1;
      case F::invert:
        return ~b;
      case F::negate:
        return std::uint64_t{0} - b;
    }
    return b;
  }();
  return static_cast<std::int64_t>(out);
}

// ubfm and sbfm: bits r to s of the value, or, where s is below r, bits 0 to s put at the register's size less r.
std::int64_t bits_of(const A64& in, std::int64_t value) {
  const unsigned size = in.wide ? 64 : 32;
  const auto r = static_cast<unsigned>(in.imm >> 8 & 63), s = static_cast<unsigned>(in.imm & 63);
  const auto v = static_cast<std::uint64_t>(low(static_cast<std::uint64_t>(value), in.wide));
  const unsigned count = s >= r ? s - r + 1 : s + 1;
  const std::uint64_t mask = count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  std::uint64_t out = (s >= r ? v >> r : v) & mask;
  if (in.is_signed && (out >> (count - 1) & 1U) != 0) out |= ~mask;
  if (s < r) out <<= size - r;
  return low(out, in.wide);
}

// The lower 32 bits or more go on as they are.
bool keeps_low_word(const A64& in) {
  return in.imm >> 8 == 0 && (in.imm & 63) >= 31;
}

// An operand with its shift and its extension.
std::int64_t operand(const A64& in, std::int64_t value) {
  auto v = static_cast<std::uint64_t>(value);
  if (in.extend != 0) {
    const unsigned width = 8U << ((in.extend - 1U) & 3U);
    const unsigned unused = 64 - width;
    v <<= unused;
    v = in.extend > 4 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(v) >> unused) : v >> unused;
  }
  return static_cast<std::int64_t>(v << in.shift);
}

}  // namespace

std::optional<std::int64_t> Tracer::arm64_settled(const Graph& graph, std::uint32_t branch, bool taken,
                                                  Where where) const {
  const A64& in = graph.code().insn(branch);
  if (in.op == Op::zero_branch && in.rn == where.place && in.negated != taken) return 0;
  if (in.op != Op::flag_branch || in.negated == taken) return std::nullopt;
  // Control must come from the comparison, not from elsewhere to the branch.
  const auto before_branch = graph.before(branch);
  if (before_branch.size() != 1 || before_branch[0] != branch - 1) return std::nullopt;
  const A64& compared = graph.code().insn(branch - 1);
  if (compared.op != Op::compare_constant || compared.rn != where.place) return std::nullopt;
  return compared.imm;
}

Values Tracer::arm64_operand(Query& q, std::uint32_t at, std::uint8_t reg) {
  if (reg == kZero) return {{Value::Kind::constant, q.graph.node(), 0, 0, 8, ""}};
  return nested(q, q.graph.node(), at, Where{Where::Kind::reg, reg, 8});
}

bool Tracer::arm64_effect(Query& q, std::uint32_t at, Where where) {
  if (where.kind == Where::Kind::stack) return arm64_stack(q, at, where);
  if (where.kind == Where::Kind::vector) return arm64_vector(q, at, where);
  return arm64_register(q, at, where);
}

bool Tracer::arm64_register(Query& q, std::uint32_t at, Where where) {
  const A64& in = q.graph.code().insn(at);
  const auto r = static_cast<std::uint8_t>(where.place);
  if ((in.written & bit(r)) == 0) return false;
  const auto give_up = [&](const char* why) { return unknown(q, why), true; };
  if (in.flow == Flow::call && r != arm64::kLink && (changed_by_call(q.graph, at, 0) & bit(r)) == 0) return false;
  if (is_any_call(in.flow)) return give_up("the result of a call, or lost by it");
  if (in.op == Op::svc) return give_up("the result of a system call");
  const bool transfer = in.op == Op::load || in.op == Op::store;
  if (transfer && in.rn == r && (in.op == Op::store || (in.rd != r && in.rd2 != r))) {  // by its mode
    apply(q, at, where, [&](Value& v) {
      v.place += in.imm;
      return v.kind == Value::Kind::constant || v.kind == Value::Kind::address || v.kind == Value::Kind::frame;
    });
    return true;
  }
  if (in.op == Op::load && !in.vector) return arm64_load(q, at, r), true;
  return arm64_moved(q, at) || arm64_computed(q, at) || give_up("computed");
}

// Constants, addresses and copies.
bool Tracer::arm64_moved(Query& q, std::uint32_t at) {
  const A64& in = q.graph.code().insn(at);
  const Node n = q.graph.node();
  switch (in.op) {
    case Op::constant:
      q.out.insert({Value::Kind::constant, n, in.imm, 0, 8, ""});
      return true;
    case Op::address:
    case Op::page:
      q.out.insert({Value::Kind::address, n, static_cast<std::int64_t>(q.graph.code().target(at)), 0, 8, ""});
      return true;
    case Op::insert:
      apply(q, at, Where{Where::Kind::reg, in.rd, 8}, [&](Value& v) {
        const auto mask = std::uint64_t{0xffff} << in.shift;
        v.place = low((static_cast<std::uint64_t>(v.place) & ~mask) | static_cast<std::uint64_t>(in.imm), in.wide);
        return v.kind == Value::Kind::constant;
      });
      return true;
    case Op::copy:
      // A 32-bit move cuts; what is no constant is passed on all the same: numbers are 32 bits.
      for (Value v : arm64_operand(q, at, in.rn)) {
        if (v.kind == Value::Kind::constant) v.place = low(static_cast<std::uint64_t>(v.place), in.wide);
        q.out.insert(v);
      }
      return true;
    case Op::bits:
      for (Value v : arm64_operand(q, at, in.rn)) {
        if (v.kind == Value::Kind::constant)
          v.place = bits_of(in, v.place);
        else if (v.kind != Value::Kind::unknown && !keeps_low_word(in))
          v = Value{Value::Kind::unknown, n, 0, 0, 8, "computed from what is not constant"};
        q.out.insert(v);
      }
      return true;
    default:
      return false;
  }
}

bool Tracer::arm64_computed(Query& q, std::uint32_t at) {
  const A64& in = q.graph.code().insn(at);
  const Node n = q.graph.node();
  using K = Value::Kind;
  const auto keep = [&](Value v, std::int64_t place) {
    v.place = low(static_cast<std::uint64_t>(place), in.wide || v.kind != K::constant);
    q.out.insert(v);
  };
  if (in.op == Op::add || in.op == Op::logic) {
    for (const Value& v : arm64_operand(q, at, in.rn)) {
      const bool moves = in.op == Op::add && (v.kind == K::address || v.kind == K::frame);
      if (v.kind == K::unknown)
        q.out.insert(v);
      else if (v.kind == K::constant || moves)
        keep(v, computed(in.op == Op::add ? F::add : in.function, v.place, in.imm));
      else
        unknown(q, "computed from what is not constant");
    }
    return true;
  }
  if (in.op == Op::select) {
    for (const Value& v : arm64_operand(q, at, in.rn)) keep(v, v.place);
    for (const Value& v : arm64_operand(q, at, in.rm)) {
      if (v.kind == K::constant || in.function == F::itself)
        keep(v, computed(in.function, 0, v.place));
      else
        unknown(q, "computed from what is not constant");
    }
    return true;
  }
  if (in.op != Op::combine) return false;
  if (in.function == F::exclusive && in.rn == in.rm && in.shift == 0) {
    q.out.insert({K::constant, n, 0, 0, 8, ""});
    return true;
  }
  const Values left = arm64_operand(q, at, in.rn), right = arm64_operand(q, at, in.rm);
  for (const Value& a : left)
    for (const Value& b : right) {
      if (a.kind != K::constant || b.kind != K::constant)
        unknown(q, "computed from what is not constant");
      else
        keep(a, computed(in.function, a.place, operand(in, b.place)));
    }
  return true;
}

void Tracer::arm64_load(Query& q, std::uint32_t at, std::uint8_t reg) {
  const A64& in = q.graph.code().insn(at);
  if (in.mode == arm64::Mode::literal) return from_memory(q, q.graph.code().target(at), in.size);
  if (in.mode == arm64::Mode::indexed) return unknown(q, "read from a table");
  const std::int64_t second = in.pair && in.rd2 == reg ? in.size : 0;
  if (const auto place = q.graph.stack_place(at)) {
    q.work.emplace_back(at, Where{Where::Kind::stack, *place + second, in.size});
    return;
  }
  from_pointer(q, at, in.rn, (in.mode == arm64::Mode::after ? 0 : in.imm) + second, in.size);
}

bool Tracer::arm64_stack(Query& q, std::uint32_t at, Where where) {
  const A64& in = q.graph.code().insn(at);
  if (!in.writes_memory) return false;
  const auto give_up = [&](const char* why) { return unknown(q, why), true; };
  const bool on_stack = in.rn == kStackPointer || (in.rn == kFramePointer && q.graph.stack(at).frame);
  std::vector<std::int64_t> places;
  if (const auto place = q.graph.stack_place(at)) {
    places.push_back(*place);
  } else if (on_stack) {
    return give_up("written by index");
  } else if (q.graph.names_stack() && in.op == Op::store && in.mode != arm64::Mode::indexed && in.rn != kZero) {
    // Through a register that may hold an address on the stack.
    for (const Value& v : nested(q, q.graph.node(), at, Where{Where::Kind::reg, in.rn, 8}))
      if (v.kind == Value::Kind::frame) places.push_back(v.place + (in.mode == arm64::Mode::after ? 0 : in.imm));
  }
  bool done = false;
  for (const std::int64_t place : places) done = arm64_stored(q, at, where, place) || done;
  // On other ways it writes elsewhere.
  if (done && places.size() > 1) q.work.emplace_back(at, where);
  return done;
}

bool Tracer::arm64_stored(Query& q, std::uint32_t at, Where where, std::int64_t place) {
  const A64& in = q.graph.code().insn(at);
  for (unsigned i = 0; i < (in.pair ? 2U : 1U); ++i) {
    const std::int64_t begin = place + std::int64_t{i} * in.size, end = begin + in.size;
    if (begin >= where.place + where.width || end <= where.place) continue;
    const std::uint8_t reg = i == 0 ? in.rd : in.rd2;
    if (in.op == Op::store && in.vector && where.place >= begin && where.place + where.width <= end)
      q.work.emplace_back(at,
                          Where{Where::Kind::vector, reg, where.width, static_cast<std::uint8_t>(where.place - begin)});
    else if (in.op != Op::store || in.vector || begin != where.place || in.size < where.width)
      unknown(q, "written in parts");
    else if (reg == kZero)
      q.out.insert({Value::Kind::constant, q.graph.node(), 0, 0, 8, ""});
    else
      q.work.emplace_back(at, Where{Where::Kind::reg, reg, 8});
    return true;
  }
  return false;
}

// Only constants that the compiler has laid down whole, and zeros.
bool Tracer::arm64_vector(Query& q, std::uint32_t at, Where where) {
  const A64& in = q.graph.code().insn(at);
  const auto give_up = [&](const char* why) { return unknown(q, why), true; };
  if (is_any_call(in.flow)) return give_up("lost by a call");
  if (!in.vector || in.op == Op::store) return false;
  if (in.op == Op::other && in.rd == kZero) return give_up("computed in a vector");
  const bool second = in.pair && in.rd2 == where.place;
  if (in.rd != where.place && !second) return false;
  if (in.op == Op::constant) {
    q.out.insert({Value::Kind::constant, q.graph.node(), 0, 0, 4, ""});
    return true;
  }
  if (in.op != Op::load || where.offset + where.width > in.size || in.mode == arm64::Mode::indexed)
    return give_up("computed in a vector");
  const std::int64_t part = where.offset + (second ? in.size : 0);
  if (in.mode == arm64::Mode::literal)
    from_memory(q, q.graph.code().target(at) + static_cast<Address>(part), where.width);
  else if (const auto place = q.graph.stack_place(at))
    q.work.emplace_back(at, Where{Where::Kind::stack, *place + part, where.width});
  else
    from_pointer(q, at, in.rn, (in.mode == arm64::Mode::after ? 0 : in.imm) + part, where.width);
  return true;
}

}  // namespace callgate::scan
