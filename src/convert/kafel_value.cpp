// SPDX-License-Identifier: Apache-2.0
#include "convert/kafel_value.h"

namespace callgate::convert::kafel {

namespace {

using policy::Op;

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kLow = 0xffffffff;

bool mixes(const Value& a, const Value& b) {
  return a.arg && b.arg && *a.arg != *b.arg;
}

// The constraint that bits of the argument have certain values.
struct Bits {
  std::uint64_t mask = 0, value = 0;
  bool contradiction = false;
  void require(std::uint64_t bit, bool set) {
    const std::uint64_t wanted = set ? bit : 0;
    if ((mask & bit) != 0 && (value & bit) != wanted) contradiction = true;
    mask |= bit;
    value |= wanted;
  }
};

// Requires that a bit of `value` is set or not.
void require_bit(Bits& bits, const Value& value, std::uint64_t bit, bool set) {
  if ((value.ones & bit) != 0 || (value.mask & bit) == 0) {
    if (((value.ones & bit) != 0) != set) bits.contradiction = true;
    return;
  }
  bits.require(bit, set);
}

void require_equal_bit(Bits& bits, const Value& a, const Value& b, std::uint64_t bit) {
  const bool a_free = (a.mask & bit) != 0 && (a.ones & bit) == 0;
  const bool b_free = (b.mask & bit) != 0 && (b.ones & bit) == 0;
  if (a_free && b_free) return;
  if (a_free) return require_bit(bits, a, bit, (b.ones & bit) != 0);
  if (b_free) return require_bit(bits, b, bit, (a.ones & bit) != 0);
  if (((a.ones ^ b.ones) & bit) != 0) bits.contradiction = true;
}

Terms terms_of(std::uint8_t arg, const Bits& bits) {
  if (bits.contradiction) return never();
  return literal({arg, Op::masked_eq, bits.value, bits.mask});
}

std::uint64_t top_bit(const Value& a, const Value& b) {
  return a.wide || b.wide ? std::uint64_t{1} << 63 : std::uint64_t{1} << 31;
}

Terms equal(std::uint8_t arg, const Value& a, const Value& b) {
  Bits bits;
  for (std::uint64_t bit = top_bit(a, b); bit != 0; bit >>= 1) require_equal_bit(bits, a, b, bit);
  return terms_of(arg, bits);
}

// a > b: the highest bit in which they differ is a's.
Terms greater(std::uint8_t arg, const Value& a, const Value& b) {
  Terms out = never();
  Bits above;
  for (std::uint64_t bit = top_bit(a, b); bit != 0 && !above.contradiction; bit >>= 1) {
    Bits here = above;
    require_bit(here, a, bit, true);
    if (!here.contradiction) require_bit(here, b, bit, false);
    if (!here.contradiction) out = either(std::move(out), terms_of(arg, here));
    require_equal_bit(above, a, b, bit);
  }
  return out;
}

bool constants_compare(Comparison how, std::uint64_t a, std::uint64_t b) {
  switch (how) {
    case Comparison::eq:
      return a == b;
    case Comparison::ne:
      return a != b;
    case Comparison::lt:
      return a < b;
    case Comparison::le:
      return a <= b;
    case Comparison::gt:
      return a > b;
    case Comparison::ge:
      return a >= b;
  }
  return false;
}

bool is_plain(const Value& value) {
  return value.arg && value.mask == kAll;
}

Op op_of(Comparison how) {
  switch (how) {
    case Comparison::eq:
      return Op::eq;
    case Comparison::ne:
      return Op::ne;
    case Comparison::lt:
      return Op::lt;
    case Comparison::le:
      return Op::le;
    case Comparison::gt:
      return Op::gt;
    case Comparison::ge:
      return Op::ge;
  }
  return Op::eq;
}

// a how b is b mirrored(how) a.
Comparison mirrored(Comparison how) {
  switch (how) {
    case Comparison::lt:
      return Comparison::gt;
    case Comparison::le:
      return Comparison::ge;
    case Comparison::gt:
      return Comparison::lt;
    case Comparison::ge:
      return Comparison::le;
    default:
      return how;
  }
}

}  // namespace

Value constant(std::uint64_t number) {
  return {std::nullopt, 0, number, number > kLow};
}

Value argument(std::uint8_t arg, bool wide) {
  return {arg, kAll, 0, wide};
}

std::optional<Value> bit_and(const Value& a, const Value& b) {
  if (!a.arg && !b.arg) return constant(a.ones & b.ones);
  if (!a.arg) return bit_and(b, a);
  if (!b.arg && b.ones == 0) return constant(0);
  if (!b.arg && b.ones == kAll) return a;
  if (mixes(a, b)) return std::nullopt;
  Value out{a.arg, 0, a.ones & b.ones, a.wide || b.wide};
  out.mask = ((a.mask & b.mask) | (a.mask & b.ones) | (a.ones & b.mask)) & ~out.ones;
  return out;
}

std::optional<Value> bit_or(const Value& a, const Value& b) {
  if (!a.arg && !b.arg) return constant(a.ones | b.ones);
  if (!a.arg) return bit_or(b, a);
  if (!b.arg && b.ones == kAll) return constant(kAll);
  if (!b.arg && b.ones == 0) return a;
  if (mixes(a, b)) return std::nullopt;
  Value out{a.arg, 0, a.ones | b.ones, a.wide || b.wide};
  out.mask = (a.mask | b.mask) & ~out.ones;
  return out;
}

std::optional<Terms> compare(Comparison how, const Value& a, const Value& b) {
  if (!a.arg && !b.arg) return constants_compare(how, a.ones, b.ones) ? always() : never();
  if (mixes(a, b)) return std::nullopt;
  if (!a.arg) return compare(mirrored(how), b, a);
  const std::uint8_t arg = *a.arg;
  if ((a.wide || b.wide) && is_plain(a) && !b.arg) return literal({arg, op_of(how), b.ones});
  switch (how) {
    case Comparison::eq:
      return equal(arg, a, b);
    case Comparison::ne:
      return negate(equal(arg, a, b));
    case Comparison::gt:
      return greater(arg, a, b);
    case Comparison::lt:
      return greater(arg, b, a);
    case Comparison::ge:
      return either(greater(arg, a, b), equal(arg, a, b));
    case Comparison::le:
      return either(greater(arg, b, a), equal(arg, a, b));
  }
  return std::nullopt;
}

}  // namespace callgate::convert::kafel
