// What one instruction does to the place whose value is asked for.
// SPDX-License-Identifier: Apache-2.0
#include "scan/registers.h"
#include "scan/trace.h"

namespace callgate::scan {

namespace {

// 0 add, 1 or, 2 adc, 3 sbb, 4 and, 5 sub, 6 xor, as in the opcode's group.
std::int64_t arithmetic(unsigned operation, std::int64_t a, std::int64_t b, std::int64_t carry) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b),
             c = static_cast<std::uint64_t>(carry);
  switch (operation) {
    case 0:
      return static_cast<std::int64_t>(x + y);
    case 1:
      return a | b;
    case 2:
      return static_cast<std::int64_t>(x + y + c);
    case 3:
      return static_cast<std::int64_t>(x - y - c);
    case 4:
      return a & b;
    case 5:
      return static_cast<std::int64_t>(x - y);
    default:
      return a ^ b;
  }
}

std::int64_t low(std::int64_t v, bool wide) {
  return wide ? v : static_cast<std::int64_t>(static_cast<std::uint32_t>(v));
}

}  // namespace

// test r, r or cmp $n, r right before je or jne.
std::optional<std::int64_t> Tracer::x86_settled(const Graph& graph, std::uint32_t branch, bool taken,
                                                Where where) const {
  const Insn& in = graph.insn(branch);
  const bool je = in.one(0x74) || in.two(0x84), jne = in.one(0x75) || in.two(0x85);
  if ((!je && !jne) || je != taken) return std::nullopt;
  // Control must come from the comparison, not from elsewhere to the branch.
  const auto before_branch = graph.before(branch);
  if (before_branch.size() != 1 || before_branch[0] != branch - 1) return std::nullopt;
  const Insn& compared = graph.insn(branch - 1);
  if (compared.mod != 3 || compared.rm != where.place || compared.operand16 || !compared.wide) return std::nullopt;
  if (compared.one(0x85) && compared.reg == compared.rm) return 0;
  if ((compared.one(0x83) || compared.one(0x81)) && compared.group() == 7) return compared.immediate;
  return std::nullopt;
}

bool Tracer::x86_effect(Query& q, std::uint32_t at, Where where) {
  if (where.kind == Where::Kind::stack) return stack_effect(q, at, where);
  return where.kind == Where::Kind::vector ? vector_effect(q, at, where) : register_effect(q, at, where);
}

void Tracer::combine(Query& q, std::uint32_t at, Where a, Where b, unsigned opcode) {
  const Values left = nested(q, q.graph.node(), at, a), right = nested(q, q.graph.node(), at, b);
  const bool wide = q.graph.insn(at).wide;
  for (const Value& x : left)
    for (const Value& y : right) {
      Value out = x;
      if (x.kind != Value::Kind::constant || y.kind != Value::Kind::constant)
        return unknown(q, "computed from what is not constant");
      // With and without the carry, where one goes in.
      for (const std::int64_t carry : {0, 1}) {
        out.place = low(arithmetic(opcode, x.place, y.place, carry), wide);
        q.out.insert(out);
      }
    }
}

// What stands in ModRM.rm: a register, or memory.
void Tracer::source(Query& q, std::uint32_t at, bool byte) {
  const Insn& in = q.graph.insn(at);
  if (in.mod != 3) return load(q, at, byte ? 1 : in.operand16 ? 2 : in.wide && !in.one(0x63) ? 8 : 4);
  if (byte && !in.has_rex && in.rm >= 4 && in.rm < 8) return unknown(q, "a high byte");
  const Where from{byte ? Where::Kind::low_byte : Where::Kind::reg, in.rm, 8};
  if (in.wide && !byte) {
    q.work.emplace_back(at, from);
    return;
  }
  // A 32-bit move cuts; what is no constant is passed on all the same: numbers are 32 bits.
  for (Value v : nested(q, q.graph.node(), at, from)) {
    if (v.kind == Value::Kind::constant) v.place = byte ? v.place & 0xff : low(v.place, false);
    q.out.insert(v);
  }
}

void Tracer::load(Query& q, std::uint32_t at, std::uint8_t width) {
  const Insn& in = q.graph.insn(at);
  if (in.segment) return unknown(q, "read from thread-local memory");
  if (in.rip_relative) return from_memory(q, q.graph.rip_target(at), width);
  if (in.index >= 0 || in.base < 0) return unknown(q, "read from a table");
  if (const auto place = q.graph.stack_place(at)) {
    q.work.emplace_back(at, Where{Where::Kind::stack, *place, width});
    return;
  }
  from_pointer(q, at, static_cast<unsigned>(in.base), in.displacement, width);
}

bool Tracer::register_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const auto r = static_cast<unsigned>(where.place);
  if ((written(in) & bit(r)) == 0) return false;
  const auto give_up = [&](const char* why) { return unknown(q, why), true; };
  if (in.is_call() && (changed_by_call(q.graph, at, 0) & bit(r)) == 0) return false;
  if (in.is_call() || in.is_indirect_call()) return give_up("the result of a call, or lost by it");
  if (in.is_syscall()) return give_up("the result of a system call, or lost by it");
  if (in.vector || in.map > Map::two) return give_up("written by an instruction that is not followed");
  if (in.map == Map::two) return conditional_effect(q, at, where);
  if (in.operand16) return give_up("computed in 16 bits");
  return constant_effect(q, at, where) || copy_effect(q, at, where) || address_effect(q, at) ||
         arithmetic_effect(q, at, where) || give_up("computed");
}

// setcc, cmov, movzx.
bool Tracer::conditional_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const unsigned kind = in.opcode & 0xf0U;
  if (kind == 0x90 && in.mod == 3 && (in.has_rex || in.rm < 4)) {
    for (const std::int64_t flag : {0, 1}) low_byte_becomes(q, at, where, flag);
  } else if (kind == 0x40 && !in.operand16) {
    q.work.emplace_back(at, where);
    source(q, at, false);
  } else if (in.opcode == 0xb6 && !in.operand16) {
    source(q, at, true);
  } else {
    unknown(q, "computed");
  }
  return true;
}

void Tracer::low_byte_becomes(Query& q, std::uint32_t at, Where where, std::int64_t byte) {
  if (where.kind == Where::Kind::low_byte) {
    q.out.insert({Value::Kind::constant, q.graph.node(), byte & 0xff, 0, 8, ""});
    return;
  }
  apply(q, at, where, [&](Value& v) {
    v.place = (v.place & ~std::int64_t{0xff}) | (byte & 0xff);
    return v.kind == Value::Kind::constant;
  });
}

bool Tracer::constant_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const std::uint8_t op = in.opcode;
  const bool byte = where.kind == Where::Kind::low_byte;
  const auto constant = [&](std::int64_t v) {
    q.out.insert({Value::Kind::constant, q.graph.node(), byte ? v & 0xff : v, 0, 8, ""});
    return true;
  };
  if ((op & 0xf8U) == 0xb0U && (in.has_rex || in.rm < 4)) return low_byte_becomes(q, at, where, in.immediate), true;
  if ((op & 0xf8U) == 0xb8U) return constant(in.wide ? in.immediate : low(in.immediate, false));
  if (op == 0xc7 && in.mod == 3 && !in.is_transaction()) return constant(low(in.immediate, in.wide));
  const bool itself = in.has_modrm && in.mod == 3 && in.reg == in.rm;
  if (itself && (op == 0x31 || op == 0x33 || op == 0x29 || op == 0x2b)) return constant(0);
  if (itself && (op == 0x19 || op == 0x1b)) return constant(0), constant(low(-1, in.wide));  // the carry, spread
  return false;
}

// mov, movsxd, pop.
bool Tracer::copy_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const Node n = q.graph.node();
  const bool byte = where.kind == Where::Kind::low_byte;
  if (in.opcode == 0x8b) return source(q, at, false), true;
  if (in.opcode == 0x89 && in.mod == 3) {
    const Where from{where.kind, in.reg, 8};
    if (in.wide || byte) return q.work.emplace_back(at, from), true;
    for (Value v : nested(q, n, at, from)) {
      if (v.kind == Value::Kind::constant) v.place = low(v.place, false);
      q.out.insert(v);
    }
    return true;
  }
  if (byte) return false;
  if (in.opcode == 0x63) {
    Query inner{q.graph, {}, {}, {}, q.depth, q.steps};
    source(inner, at, false);
    for (const auto& [i, w] : inner.work) inner.out.merge(nested(q, n, i, w));
    for (Value v : inner.out) {
      if (v.kind == Value::Kind::constant) v.place = static_cast<std::int32_t>(v.place);
      q.out.insert(v);
    }
    return true;
  }
  if ((in.opcode & 0xf8U) != 0x58U) return false;
  if (const auto& rsp = q.graph.stack(at).pointer)
    q.work.emplace_back(at, Where{Where::Kind::stack, *rsp, 8});
  else
    unknown(q, "the stack is not followed");
  return true;
}

// lea.
bool Tracer::address_effect(Query& q, std::uint32_t at) {
  const Insn& in = q.graph.insn(at);
  const Node n = q.graph.node();
  if (!in.one(0x8d)) return false;
  if (in.rip_relative) {
    q.out.insert({Value::Kind::address, n, static_cast<std::int64_t>(q.graph.rip_target(at)), 0, 8, ""});
  } else if (const auto place = q.graph.stack_place(at)) {
    q.out.insert({Value::Kind::frame, n, *place, 0, 8, ""});
  } else if (in.index >= 0) {
    unknown(q, "computed");
  } else if (in.base < 0) {
    q.out.insert({Value::Kind::constant, n, in.displacement, 0, 8, ""});
  } else {
    apply(q, at, Where{Where::Kind::reg, in.base, 8}, [&](Value& v) {
      v.place = low(v.place + in.displacement, in.wide || v.kind != Value::Kind::constant);
      return v.kind == Value::Kind::constant || v.kind == Value::Kind::address || v.kind == Value::Kind::frame;
    });
  }
  return true;
}

bool Tracer::arithmetic_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const std::uint8_t op = in.opcode;
  if (!in.has_modrm || in.mod != 3 || where.kind == Where::Kind::low_byte) return false;
  const Where rm{Where::Kind::reg, in.rm, 8}, reg{Where::Kind::reg, in.reg, 8};
  if (op == 0x81 || op == 0x83) {
    for (const std::int64_t carry : {0, 1})
      apply(q, at, rm, [&](Value& v) {
        v.place = low(arithmetic(in.group(), v.place, in.immediate, carry), in.wide);
        return v.kind == Value::Kind::constant;
      });
    return true;
  }
  if (op >= 0x40 || ((op & 7U) != 1 && (op & 7U) != 3)) return false;
  const bool to_rm = (op & 7U) == 1;
  return combine(q, at, to_rm ? rm : reg, to_rm ? reg : rm, op >> 3U), true;
}

// Only constants that the compiler has laid down whole, and zeros.
bool Tracer::vector_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const auto give_up = [&](const char* why) { return unknown(q, why), true; };
  if (in.is_call() || in.is_indirect_call()) return give_up("lost by a call");
  const bool named = in.has_modrm && (in.reg == where.place || (in.mod == 3 && in.rm == where.place) ||
                                      (in.vector && in.vvvv == where.place));
  if (!named || (!in.vector && in.map == Map::one))
    return in.map == Map::one || in.has_modrm ? false : give_up("computed");
  const std::uint8_t op = in.opcode;
  const bool store = in.has_memory && writes_memory(in);
  if (store) return false;
  const bool plain = in.map == Map::two && (op == 0x10 || op == 0x28 || op == 0x6f) && !in.repne;
  const bool scalar = op == 0x10 && in.rep;
  if (plain && !scalar && in.reg == where.place && in.rip_relative) {
    const Address a = q.graph.rip_target(at) + where.offset;
    const Module& module = link_.module(q.graph.node().module);
    const elf::Segment* const s = module.file.segment_of(a);
    std::uint32_t value = 0;
    if (where.width != 4 || s == nullptr || s->writable || !module.file.read(a, value))
      return give_up("read from memory");
    q.out.insert({Value::Kind::constant, q.graph.node(), value, 0, 4, ""});
    return true;
  }
  const bool cleared = in.map == Map::two && (op == 0xef || op == 0x57) && in.mod == 3 && in.reg == in.rm;
  if (cleared && !in.vector) {
    q.out.insert({Value::Kind::constant, q.graph.node(), 0, 0, 4, ""});
    return true;
  }
  return give_up("computed in a vector");
}

bool Tracer::stack_effect(Query& q, std::uint32_t at, Where where) {
  const Insn& in = q.graph.insn(at);
  const auto meets = [&](std::int64_t place, std::int64_t size) {
    return place < where.place + where.width && where.place < place + size;
  };
  const bool push_register = in.map == Map::one && !in.vector && (in.opcode & 0xf8U) == 0x50U;
  if (push_register || in.one(0x68) || in.one(0x6a) || (in.one(0xff) && in.group() == 6)) {
    const auto& rsp = q.graph.stack(at).pointer;
    if (!rsp) return unknown(q, "the stack is not followed"), true;
    if (!meets(*rsp - 8, 8)) return false;
    if (where.place != *rsp - 8 || (in.one(0xff))) return unknown(q, "written in parts"), true;
    if (push_register)
      q.work.emplace_back(at, Where{Where::Kind::reg, in.rm, 8});
    else
      q.out.insert({Value::Kind::constant, q.graph.node(), in.immediate, 0, 8, ""});
    return true;
  }
  if (!writes_memory(in)) return false;
  const bool on_stack = in.base == kRsp || (in.base == kRbp && q.graph.stack(at).frame);
  if (!on_stack || in.segment) return false;
  const auto place = q.graph.stack_place(at);
  if (!place) return unknown(q, "written by index"), true;
  const bool byte = in.one(0x88) || in.one(0xc6);
  const bool plain = in.one(0x89) || in.one(0xc7) || byte;
  const std::int64_t size = !plain ? 64 : byte ? 1 : in.operand16 ? 2 : in.wide ? 8 : 4;
  if (!meets(*place, size)) return false;
  // movaps, movups, movdqa, movdqu of 16 bytes.
  const bool vector =
      in.map == Map::two && !in.vector && !in.repne &&
      (in.opcode == 0x29 || (in.opcode == 0x11 && !in.rep) || (in.opcode == 0x7f && (in.operand16 || in.rep)));
  if (vector && !meets(*place, 16)) return false;
  if (vector && where.place >= *place && where.place + where.width <= *place + 16) {
    q.work.emplace_back(
        at, Where{Where::Kind::vector, in.reg, where.width, static_cast<std::uint8_t>(where.place - *place)});
    return true;
  }
  if (!plain || *place != where.place || size < where.width || byte) return unknown(q, "written in parts"), true;
  if (in.one(0xc7))
    q.out.insert({Value::Kind::constant, q.graph.node(), low(in.immediate, in.wide), 0, 8, ""});
  else
    q.work.emplace_back(at, Where{Where::Kind::reg, in.reg, 8});
  return true;
}

}  // namespace callgate::scan
