// Boolean expressions over a call's arguments, as other tools' languages have them (or, and, not, "any of these bits"),
// brought into the form of a policy's decision: clauses that are tried in order.
//
// An expression is kept as an or of ands. One literal has no condition of its own in a decision: "some of the bits
// under a mask differ"; in a list of clauses it is said by an earlier clause for its opposite, or bit by bit, whichever
// is shorter. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "policy/policy.h"

namespace callgate::convert {

struct Literal {
  policy::Condition condition;
  bool negated = false;  // of masked_eq alone
  auto operator<=>(const Literal&) const = default;
};

using Term = std::vector<Literal>;  // all of them; empty: always true
using Terms = std::vector<Term>;    // one of them; empty: never true

// More literals or clauses than this are refused: no such file was written by a person.
inline constexpr std::size_t kMaxExpression = 20000;

Terms always();
Terms never();
Terms literal(policy::Condition condition);
// (argument & mask) != 0.
Terms any_bit(std::uint8_t arg, std::uint64_t mask);
Terms either(Terms a, Terms b);
// Nothing if the result would be too large.
std::optional<Terms> both(const Terms& a, const Terms& b);
std::optional<Terms> negate(const Terms& terms);

// "If `when`, then `action`"; rules of a call are tried in order.
struct Guarded {
  Terms when;
  policy::Action action;
};

// Nothing if it would be too large.
std::optional<policy::Decision> lower(std::span<const Guarded> rules, policy::Action otherwise);

}  // namespace callgate::convert
