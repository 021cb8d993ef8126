// What a kafel expression without comparisons can be: a constant, or one argument of which some bits are masked off and
// others set. Each bit is 0, 1 or the argument's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/expression.h"

namespace callgate::convert::kafel {

struct Value {
  std::optional<std::uint8_t> arg;  // nothing: a constant
  std::uint64_t mask = 0;           // the bits that are the argument's
  std::uint64_t ones = 0;           // the bits that are set
  bool wide = false;                // some part of it has 64 bits: kafel compares whole words then, else the low halves
};

Value constant(std::uint64_t number);
Value argument(std::uint8_t arg, bool wide);

// `a & b` and `a | b` as kafel simplifies them; nothing if they mix two arguments.
std::optional<Value> bit_and(const Value& a, const Value& b);
std::optional<Value> bit_or(const Value& a, const Value& b);

enum class Comparison { eq, ne, lt, le, gt, ge };
// Nothing if it compares two arguments, or is too large.
std::optional<Terms> compare(Comparison how, const Value& a, const Value& b);

}  // namespace callgate::convert::kafel
