// SPDX-License-Identifier: Apache-2.0
#include "convert/expression.h"

#include <algorithm>
#include <bit>

#include "policy/builder.h"

namespace callgate::convert {

namespace {

using policy::Clause;
using policy::Condition;
using policy::Decision;
using policy::Op;

Literal opposite(const Literal& literal) {
  Literal out = literal;
  switch (literal.condition.op) {
    case Op::eq:
      out.condition.op = Op::ne;
      break;
    case Op::ne:
      out.condition.op = Op::eq;
      break;
    case Op::lt:
      out.condition.op = Op::ge;
      break;
    case Op::ge:
      out.condition.op = Op::lt;
      break;
    case Op::gt:
      out.condition.op = Op::le;
      break;
    case Op::le:
      out.condition.op = Op::gt;
      break;
    case Op::masked_eq:
      out.negated = !literal.negated;
      break;
  }
  return out;
}

// What is always or never so goes; a negated literal over one bit becomes a plain one. False: the term is never true.
bool tidy(Term& term) {
  Term kept;
  for (Literal one : term) {
    const Condition& c = one.condition;
    if (c.op == Op::masked_eq) {
      const bool impossible = (c.value & ~c.mask) != 0;
      const bool certain = c.mask == 0 && !impossible;
      if (impossible || certain) {
        if (impossible == one.negated) continue;
        return false;
      }
      if (one.negated && std::has_single_bit(c.mask)) one = {{c.arg, c.op, c.value ^ c.mask, c.mask}, false};
      if (one.condition.mask == ~std::uint64_t{0})
        one = {{c.arg, one.negated ? Op::ne : Op::eq, one.condition.value}, false};
    }
    kept.push_back(one);
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  term = std::move(kept);
  return true;
}

std::size_t size_of(const Terms& terms) {
  std::size_t size = terms.size();
  for (const Term& term : terms) size += term.size();
  return size;
}

std::vector<Condition> plain_part(const Term& term) {
  std::vector<Condition> out;
  for (const Literal& one : term)
    if (!one.negated) out.push_back(one.condition);
  return out;
}

std::vector<Condition> negated_part(const Term& term) {
  std::vector<Condition> out;
  for (const Literal& one : term)
    if (one.negated) out.push_back(one.condition);
  return out;
}

// How many clauses the term takes if its negated literals are said bit by bit; capped.
std::size_t bitwise_size(const std::vector<Condition>& negated) {
  std::size_t size = 1;
  for (const Condition& c : negated)
    size = std::min(kMaxExpression + 1, size * static_cast<std::size_t>(std::popcount(c.mask)));
  return size;
}

void add_bitwise(std::vector<Clause>& out, const std::vector<Condition>& conditions, std::span<const Condition> negated,
                 policy::Action action) {
  if (negated.empty()) {
    out.push_back({conditions, action});
    return;
  }
  const Condition& c = negated.front();
  for (std::uint64_t left = c.mask; left != 0; left &= left - 1) {
    const std::uint64_t bit = left & -left;
    std::vector<Condition> more = conditions;
    more.push_back({c.arg, Op::masked_eq, (c.value ^ bit) & bit, bit});
    add_bitwise(out, more, negated.subspan(1), action);
  }
}

// Puts "if term, then action" in front of the decision.
bool prepend(const Term& term, policy::Action action, Decision& tail) {
  const std::vector<Condition> plain = plain_part(term);
  const std::vector<Condition> negated = negated_part(term);
  if (plain.empty() && negated.empty()) {
    tail = {{}, action};
    return true;
  }
  std::vector<Clause> clauses;
  const std::size_t by_exception = negated.size() * (tail.clauses.size() + 1) + 1;
  const std::size_t by_bits = bitwise_size(negated);
  if (std::min(by_exception, by_bits) + tail.clauses.size() > kMaxExpression) return false;
  if (by_bits <= by_exception) {
    add_bitwise(clauses, plain, negated, action);
  } else {
    for (const Condition& exception : negated) {
      std::vector<Condition> base = plain;
      base.push_back(exception);
      for (const Clause& later : tail.clauses) {
        Clause both{base, later.action};
        both.conditions.insert(both.conditions.end(), later.conditions.begin(), later.conditions.end());
        clauses.push_back(std::move(both));
      }
      clauses.push_back({base, tail.otherwise});
    }
    if (plain.empty()) {
      tail = {std::move(clauses), action};
      return true;
    }
    clauses.push_back({plain, action});
  }
  clauses.insert(clauses.end(), tail.clauses.begin(), tail.clauses.end());
  tail.clauses = std::move(clauses);
  return true;
}

}  // namespace

Terms always() {
  return {Term{}};
}

Terms never() {
  return {};
}

Terms literal(Condition condition) {
  Term term{{condition, false}};
  if (!tidy(term)) return never();
  return {std::move(term)};
}

Terms any_bit(std::uint8_t arg, std::uint64_t mask) {
  Term term{{{arg, Op::masked_eq, 0, mask}, true}};
  if (!tidy(term)) return never();
  return {std::move(term)};
}

Terms either(Terms a, Terms b) {
  a.insert(a.end(), std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()));
  return a;
}

std::optional<Terms> both(const Terms& a, const Terms& b) {
  if (!a.empty() && !b.empty() && size_of(a) > kMaxExpression / b.size()) return std::nullopt;
  Terms out;
  std::size_t size = 0;
  for (const Term& left : a)
    for (const Term& right : b) {
      Term term = left;
      term.insert(term.end(), right.begin(), right.end());
      if (!tidy(term)) continue;
      size += term.size() + 1;
      if (size > kMaxExpression) return std::nullopt;
      out.push_back(std::move(term));
    }
  return out;
}

std::optional<Terms> negate(const Terms& terms) {
  Terms out = always();
  for (const Term& term : terms) {
    Terms one;
    for (const Literal& literal : term) {
      Term single{opposite(literal)};
      if (tidy(single)) one.push_back(std::move(single));
    }
    auto more = both(out, one);
    if (!more) return std::nullopt;
    out = std::move(*more);
  }
  return out;
}

std::optional<Decision> lower(std::span<const Guarded> rules, policy::Action otherwise) {
  Decision tail{{}, otherwise};
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    // The terms of one rule may be tried in any order: those with negated literals repeat what comes after them.
    std::vector<const Term*> order;
    for (const Term& term : rule->when) order.push_back(&term);
    std::stable_partition(order.begin(), order.end(), [](const Term* term) {
      return std::none_of(term->begin(), term->end(), [](const Literal& one) { return one.negated; });
    });
    for (auto term = order.rbegin(); term != order.rend(); ++term)
      if (!prepend(**term, rule->action, tail)) return std::nullopt;
    if (tail.clauses.size() < 400) tail = policy::simplify(std::move(tail));
  }
  return policy::simplify(std::move(tail));
}

}  // namespace callgate::convert
