// A decision is split on one comparison at a time; each side's set of low words becomes aligned blocks (cubes), on
// whichever side needs fewer, and the other side is what remains after them. Equalities are blocks already.
// SPDX-License-Identifier: Apache-2.0
#include "format/narrow.h"

#include <algorithm>
#include <array>

namespace callgate::format {

namespace {

using policy::Action;
using policy::Clause;
using policy::Condition;
using policy::Decision;
using policy::Op;

constexpr std::uint64_t kMax = 0xffffffff;

// A comparison with a low word: `x <= bound`, `x == bound` or (x & mask) == bound, or its negation.
struct Literal {
  enum class Kind { at_most, equal, masked };
  std::uint8_t arg = 0;
  Kind kind = Kind::at_most;
  bool negated = false;
  std::uint64_t bound = 0;
  std::uint64_t mask = kMax;
  // At most and not equal take several blocks; the others are blocks themselves.
  bool splits() const { return kind == Kind::at_most || (kind == Kind::equal && negated); }
  bool same_test(const Literal& other) const {
    return arg == other.arg && kind == other.kind && bound == other.bound && mask == other.mask;
  }
};

struct Row {
  std::vector<Literal> literals;
  Action action;
};

enum class Truth { no, yes, open };

// What is known about each low word: an interval and single values it is not.
struct Known {
  struct Word {
    std::uint64_t low = 0, high = kMax;
    std::vector<std::uint64_t> holes;
  };
  std::array<Word, 6> words;

  Truth test(const Literal& literal) const {
    const Word& w = words[literal.arg];
    Truth truth = Truth::open;
    if (literal.kind == Literal::Kind::at_most) {
      if (w.high <= literal.bound) truth = Truth::yes;
      if (w.low > literal.bound) truth = Truth::no;
    } else if (literal.kind == Literal::Kind::equal) {
      if (w.low == w.high && w.low == literal.bound) truth = Truth::yes;
      if (literal.bound < w.low || literal.bound > w.high ||
          std::find(w.holes.begin(), w.holes.end(), literal.bound) != w.holes.end())
        truth = Truth::no;
    } else if (w.low == w.high) {
      truth = (w.low & literal.mask) == literal.bound ? Truth::yes : Truth::no;
    }
    if (truth == Truth::open || !literal.negated) return truth;
    return truth == Truth::yes ? Truth::no : Truth::yes;
  }

  // Learns the outcome of a literal's test (its negation aside).
  void learn(const Literal& literal, bool holds) {
    Word& w = words[literal.arg];
    if (literal.kind == Literal::Kind::at_most) {
      if (holds)
        w.high = std::min(w.high, literal.bound);
      else
        w.low = std::max(w.low, literal.bound + 1);
    } else if (holds) {
      w.low = w.high = literal.bound;
    } else {
      w.holes.push_back(literal.bound);
    }
    const auto is_hole = [&](std::uint64_t v) { return std::find(w.holes.begin(), w.holes.end(), v) != w.holes.end(); };
    while (w.low < w.high && is_hole(w.low)) ++w.low;
    while (w.low < w.high && is_hole(w.high)) --w.high;
  }
};

// The literal a condition comes to, or its constant truth.
Truth literal_of(const Condition& c, bool cut, Literal& out) {
  const std::uint64_t v = cut ? c.value & kMax : c.value;
  const bool beyond = v > kMax;
  const auto at_most = [&](std::uint64_t bound, bool negated) {
    out = {c.arg, Literal::Kind::at_most, negated, bound, kMax};
    if (bound == kMax) return negated ? Truth::no : Truth::yes;
    return Truth::open;
  };
  switch (c.op) {
    case Op::eq:
      out = {c.arg, Literal::Kind::equal, false, v, kMax};
      return beyond ? Truth::no : Truth::open;
    case Op::ne:
      out = {c.arg, Literal::Kind::equal, true, v, kMax};
      return beyond ? Truth::yes : Truth::open;
    case Op::le:
      return beyond ? Truth::yes : at_most(v, false);
    case Op::gt:
      return beyond ? Truth::no : at_most(v, true);
    case Op::lt:
      return beyond ? Truth::yes : v == 0 ? Truth::no : at_most(v - 1, false);
    case Op::ge:
      return beyond ? Truth::no : v == 0 ? Truth::yes : at_most(v - 1, true);
    case Op::masked_eq:
      break;
  }
  const std::uint64_t mask = c.mask & kMax;
  if ((v & ~mask) != 0) return Truth::no;
  if (mask == 0) return Truth::yes;
  out = {c.arg, mask == kMax ? Literal::Kind::equal : Literal::Kind::masked, false, v, mask};
  return Truth::open;
}

// Aligned blocks that make up [low, high].
std::vector<Condition> blocks(std::uint8_t arg, std::uint64_t low, std::uint64_t high) {
  std::vector<Condition> out;
  for (std::uint64_t at = low; at <= high;) {
    std::uint64_t size = at == 0 ? kMax + 1 : at & (~at + 1);
    while (at + size - 1 > high) size >>= 1;
    out.push_back({arg, Op::masked_eq, at, kMax & ~(size - 1)});
    at += size;
  }
  return out;
}

// The blocks of one outcome of a test; beyond what is known they may hold anything.
std::vector<Condition> cover(const Literal& literal, bool holds, const Known& known) {
  if (literal.kind == Literal::Kind::equal) {
    if (holds) return {{literal.arg, Op::masked_eq, literal.bound, kMax}};
    std::vector<Condition> out =
        literal.bound == 0 ? std::vector<Condition>() : blocks(literal.arg, 0, literal.bound - 1);
    if (literal.bound != kMax) {
      const auto above = blocks(literal.arg, literal.bound + 1, kMax);
      out.insert(out.end(), above.begin(), above.end());
    }
    return out;
  }
  const Known::Word& w = known.words[literal.arg];
  auto wide = holds ? blocks(literal.arg, 0, literal.bound) : blocks(literal.arg, literal.bound + 1, kMax);
  auto tight = holds ? blocks(literal.arg, w.low, literal.bound) : blocks(literal.arg, literal.bound + 1, w.high);
  return tight.size() < wide.size() ? tight : wide;
}

Condition condition_of(const Literal& literal) {
  return {literal.arg, Op::masked_eq, literal.bound, literal.kind == Literal::Kind::equal ? kMax : literal.mask};
}

// Drops what is settled: literals that hold, rows that cannot, everything after a row that always holds.
void settle(std::vector<Row>& rows, Action& otherwise, const Known& known) {
  std::vector<Row> kept;
  for (Row& row : rows) {
    bool never = false;
    std::erase_if(row.literals, [&](const Literal& literal) {
      const Truth truth = known.test(literal);
      never = never || truth == Truth::no;
      return truth == Truth::yes;
    });
    if (never) continue;
    if (row.literals.empty()) {
      otherwise = row.action;
      break;
    }
    kept.push_back(std::move(row));
  }
  while (!kept.empty() && kept.back().action == otherwise) kept.pop_back();
  rows = std::move(kept);
}

Decision emit(std::vector<Row> rows, Action otherwise, Known known) {
  settle(rows, otherwise, known);
  Decision out{{}, otherwise};
  const Literal* split = nullptr;
  for (const Row& row : rows)
    for (const Literal& literal : row.literals)
      if (split == nullptr && literal.splits()) split = &literal;
  if (split == nullptr) {
    for (const Row& row : rows) {
      Clause clause{{}, row.action};
      for (const Literal& literal : row.literals) clause.conditions.push_back(condition_of(literal));
      out.clauses.push_back(std::move(clause));
    }
    return out;
  }
  const Literal test = *split;
  const auto side = [&](bool holds) {
    Known then = known;
    then.learn(test, holds);
    return emit(rows, otherwise, std::move(then));
  };
  Decision yes = side(true), no = side(false);
  if (yes == no) return yes;
  const auto cover_yes = cover(test, true, known), cover_no = cover(test, false, known);
  const std::size_t cost_yes = cover_yes.size() * (yes.clauses.size() + 1) + no.clauses.size();
  const std::size_t cost_no = cover_no.size() * (no.clauses.size() + 1) + yes.clauses.size();
  const bool yes_first = cost_yes <= cost_no;
  const Decision& guarded = yes_first ? yes : no;
  Decision& rest = yes_first ? no : yes;
  for (const Condition& block : yes_first ? cover_yes : cover_no) {
    for (const Clause& clause : guarded.clauses) {
      out.clauses.push_back(clause);
      out.clauses.back().conditions.push_back(block);
    }
    out.clauses.push_back({{block}, guarded.otherwise});
  }
  for (Clause& clause : rest.clauses) out.clauses.push_back(std::move(clause));
  out.otherwise = rest.otherwise;
  return out;
}

}  // namespace

Decision narrow_to_low_words(const Decision& decision, bool cut_values) {
  std::vector<Row> rows;
  for (const Clause& clause : decision.clauses) {
    Row row{{}, clause.action};
    bool never = false;
    for (const Condition& condition : clause.conditions) {
      Literal literal;
      const Truth truth = literal_of(condition, cut_values, literal);
      never = never || truth == Truth::no;
      if (truth == Truth::open) row.literals.push_back(literal);
    }
    if (!never) rows.push_back(std::move(row));
  }
  return emit(std::move(rows), decision.otherwise, {});
}

}  // namespace callgate::format
