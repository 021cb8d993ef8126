// Abstract arithmetic: each operation on intervals and on known bits apart, then sharpened against each other.
// SPDX-License-Identifier: Apache-2.0
#include "prove/range.h"

#include <algorithm>
#include <bit>

namespace callgate::prove {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;
using Wide = std::uint64_t;

// Known bits of a sum or difference: where the least and the greatest carry chain agree.
void add_bits(const Range& a, const Range& b, Range& out) {
  const std::uint32_t least = a.bits + b.bits;
  const std::uint32_t most = (a.bits | ~a.mask) + (b.bits | ~b.mask);
  out.mask = ~(least ^ most) & a.mask & b.mask;
  out.bits = least & out.mask;
}
void sub_bits(const Range& a, const Range& b, Range& out) {
  const std::uint32_t least = a.bits - (b.bits | ~b.mask);
  const std::uint32_t most = (a.bits | ~a.mask) - b.bits;
  out.mask = ~(least ^ most) & a.mask & b.mask;
  out.bits = least & out.mask;
}

Range add(const Range& a, const Range& b) {
  Range out;
  add_bits(a, b, out);
  const Wide low = Wide{a.low} + b.low, high = Wide{a.high} + b.high;
  if (low >> 32 == high >> 32) {
    out.low = static_cast<std::uint32_t>(low);
    out.high = static_cast<std::uint32_t>(high);
  }
  return out;
}

Range sub(const Range& a, const Range& b) {
  Range out;
  sub_bits(a, b, out);
  if (a.low >= b.high || a.high < b.low) {  // never wraps, or always does
    out.low = a.low - b.high;
    out.high = a.high - b.low;
  }
  return out;
}

Range mul(const Range& a, const Range& b) {
  Range out;
  if (Wide{a.high} * b.high <= kAll) {
    out.low = a.low * b.low;
    out.high = a.high * b.high;
  }
  // The low n bits of a product depend on the low n bits of its factors; trailing zeros add up.
  const int known = std::min(std::countr_one(a.mask), std::countr_one(b.mask));
  const int zeros = std::min(32, std::countr_one(a.mask & ~a.bits) + std::countr_one(b.mask & ~b.bits));
  const auto ones = [](int n) { return n >= 32 ? kAll : (1U << n) - 1; };
  out.mask = ones(std::max(known, zeros));
  out.bits = known >= zeros ? (a.bits * b.bits) & ones(known) : 0;
  return out;
}

Range div(const Range& a, const Range& b) {
  Range out;
  out.low = b.low == 0 ? 0 : a.low / b.high;
  out.high = b.high == 0 ? 0 : a.high / std::max(b.low, 1U);
  return out;
}

Range shift(TermOp op, const Range& a, const Range& b) {
  Range out;
  if (!b.is_single()) {
    if (op == TermOp::rsh) out.high = a.high;
    return out;
  }
  const std::uint32_t by = b.low & 31;
  const std::uint32_t vacated = op == TermOp::lsh ? ~(kAll << by) : ~(kAll >> by);
  out.mask = apply(op, a.mask, by) | vacated;
  out.bits = apply(op, a.bits, by);
  if (op == TermOp::rsh || Wide{a.high} << by <= kAll) {
    out.low = apply(op, a.low, by);
    out.high = apply(op, a.high, by);
  }
  return out;
}

Range bitwise(TermOp op, const Range& a, const Range& b) {
  Range out;
  const std::uint32_t zeros_a = a.mask & ~a.bits, zeros_b = b.mask & ~b.bits;
  if (op == TermOp::and_) {
    out.bits = a.bits & b.bits;
    out.mask = out.bits | zeros_a | zeros_b;
    out.high = std::min(a.high, b.high);
  } else if (op == TermOp::or_) {
    out.bits = a.bits | b.bits;
    out.mask = out.bits | (zeros_a & zeros_b);
    out.low = std::max(a.low, b.low);
  } else {
    out.mask = a.mask & b.mask;
    out.bits = (a.bits ^ b.bits) & out.mask;
  }
  return out;
}

}  // namespace

Range single(std::uint32_t value) {
  return {value, value, kAll, value};
}

bool sharpen(Range& range) {
  if (range.low > range.high) return false;
  if (range.mask != 0) {
    const auto first = next_matching(range.low, range.mask, range.bits);
    const auto last = previous_matching(range.high, range.mask, range.bits);
    if (!first || !last || *first > *last) return false;
    range.low = *first;
    range.high = *last;
  }
  const std::uint32_t differing = range.low ^ range.high;
  const std::uint32_t prefix = differing == 0 ? kAll : ~(std::bit_floor(differing) | (std::bit_floor(differing) - 1));
  range.mask |= prefix;
  range.bits |= range.low & prefix;
  return true;
}

bool intersect(Range& range, std::uint32_t low, std::uint32_t high, std::uint32_t mask, std::uint32_t bits) {
  if (((range.bits ^ bits) & range.mask & mask) != 0) return false;
  range.low = std::max(range.low, low);
  range.high = std::min(range.high, high);
  range.mask |= mask;
  range.bits |= bits;
  return sharpen(range);
}

Range apply(TermOp op, const Range& a, const Range& b) {
  if (a.is_single() && b.is_single()) return single(apply(op, a.low, b.low));
  Range out;
  switch (op) {
    case TermOp::add:
      out = add(a, b);
      break;
    case TermOp::sub:
      out = sub(a, b);
      break;
    case TermOp::neg:
      out = sub(single(0), a);
      break;
    case TermOp::mul:
      out = mul(a, b);
      break;
    case TermOp::div:
      out = div(a, b);
      break;
    case TermOp::lsh:
    case TermOp::rsh:
      out = shift(op, a, b);
      break;
    default:
      out = bitwise(op, a, b);
      break;
  }
  const Range whole = out;
  return sharpen(out) ? out : whole;  // operands were not empty, so neither is the result
}

}  // namespace callgate::prove
