// Making and simplifying expressions. Constants stand on the right; chains with constants are folded into one step.
// SPDX-License-Identifier: Apache-2.0
#include "prove/term.h"

#include <bit>
#include <utility>

namespace callgate::prove {

std::uint32_t apply(TermOp op, std::uint32_t a, std::uint32_t b) {
  switch (op) {
    case TermOp::add:
      return a + b;
    case TermOp::sub:
      return a - b;
    case TermOp::mul:
      return a * b;
    case TermOp::div:
      return b == 0 ? 0 : a / b;
    case TermOp::or_:
      return a | b;
    case TermOp::and_:
      return a & b;
    case TermOp::lsh:
      return a << (b & 31);
    case TermOp::rsh:
      return a >> (b & 31);
    case TermOp::neg:
      return 0U - a;
    case TermOp::xor_:
      return a ^ b;
    case TermOp::constant:
    case TermOp::word:
      break;
  }
  return 0;
}

std::size_t Terms::Hash::operator()(const Key& key) const {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  std::uint64_t h = (key.parts ^ (std::uint64_t{key.value} << 8) ^ static_cast<std::uint64_t>(key.op)) * kOdd;
  h ^= h >> 29;
  return static_cast<std::size_t>(h * kOdd >> 7);
}

TermId Terms::intern(const Term& term) {
  const Key key{std::uint64_t{term.a} << 32 | term.b, term.value, term.op};
  const auto [at, added] = ids_.try_emplace(key, static_cast<TermId>(terms_.size()));
  if (added) terms_.push_back(term);
  return at->second;
}

TermId Terms::constant(std::uint32_t k) {
  return intern({.value = k});
}

TermId Terms::word(std::uint8_t index) {
  return intern({.op = TermOp::word, .value = index, .words = static_cast<std::uint16_t>(1U << index)});
}

TermId Terms::make(TermOp op, TermId a, TermId b) {
  if (op == TermOp::neg) b = a;
  if (is_constant(a) && is_constant(b)) return constant(apply(op, terms_[a].value, terms_[b].value));
  const bool commutes =
      op == TermOp::add || op == TermOp::mul || op == TermOp::or_ || op == TermOp::and_ || op == TermOp::xor_;
  if (commutes && (is_constant(a) || (!is_constant(b) && a > b))) std::swap(a, b);
  if (is_constant(b)) return with_constant(op, a, terms_[b].value);
  if (op == TermOp::sub && is_constant(a)) return make(TermOp::add, make(TermOp::neg, b, b), a);
  if (op == TermOp::neg && terms_[a].op == TermOp::neg) return terms_[a].a;
  if (a == b && op != TermOp::neg) {
    if (op == TermOp::and_ || op == TermOp::or_) return a;
    if (op == TermOp::xor_ || op == TermOp::sub) return constant(0);
  }
  return intern({op, a, b, 0, static_cast<std::uint16_t>(terms_[a].words | terms_[b].words)});
}

// a op k, a not constant.
TermId Terms::with_constant(TermOp op, TermId a, std::uint32_t k) {
  const Term left = terms_[a];
  const auto plain = [&] { return intern({op, a, constant(k), 0, terms_[a].words}); };
  const bool same_op_constant = left.op == op && is_constant(left.b);
  switch (op) {
    case TermOp::sub:
      return make(TermOp::add, a, constant(0U - k));
    case TermOp::add:
    case TermOp::or_:
    case TermOp::xor_:
      if (k == 0) return a;
      if (op == TermOp::or_ && k == 0xffffffff) return constant(k);
      if (same_op_constant) return make(op, left.a, constant(apply(op, terms_[left.b].value, k)));
      return plain();
    case TermOp::and_:
      if (k == 0) return constant(0);
      if (k == 0xffffffff) return a;
      if (same_op_constant) return make(op, left.a, constant(terms_[left.b].value & k));
      return plain();
    case TermOp::mul:
      if (k == 0) return constant(0);
      if (k == 1) return a;
      if (std::has_single_bit(k))
        return make(TermOp::lsh, a, constant(static_cast<std::uint32_t>(std::countr_zero(k))));
      if (same_op_constant) return make(op, left.a, constant(terms_[left.b].value * k));
      return plain();
    case TermOp::div:
      if (k == 0) return constant(0);
      if (k == 1) return a;
      if (std::has_single_bit(k))
        return make(TermOp::rsh, a, constant(static_cast<std::uint32_t>(std::countr_zero(k))));
      return plain();
    case TermOp::lsh:
    case TermOp::rsh:
      k &= 31;
      if (k == 0) return a;
      if (same_op_constant) {
        const std::uint32_t sum = terms_[left.b].value + k;
        return sum > 31 ? constant(0) : make(op, left.a, constant(sum));
      }
      return plain();
    case TermOp::neg:
    case TermOp::constant:
    case TermOp::word:
      break;
  }
  return plain();
}

}  // namespace callgate::prove
