// The search: nodes are ranges for the words of one component. A node is dropped when a constraint is refuted, settled
// when its least values satisfy everything, and otherwise split on a bit that an open constraint depends on.
// SPDX-License-Identifier: Apache-2.0
#include "prove/solver.h"

#include <algorithm>
#include <bit>

namespace callgate::prove {
namespace {

bool compare(Relation relation, std::uint32_t a, std::uint32_t b) {
  return relation == Relation::eq ? a == b : a > b;
}

bool in(std::uint16_t words, std::size_t word) {
  return ((words >> word) & 1U) != 0;
}

std::uint32_t up_to_highest(std::uint32_t care) {
  const std::uint32_t top = std::bit_floor(care);
  return top | (top == 0 ? 0 : top - 1);
}

}  // namespace

std::uint16_t connected(const Terms& terms, std::span<const Constraint> constraints, std::uint16_t seed) {
  std::uint16_t reached = seed;
  for (bool grew = true; grew;) {
    grew = false;
    for (const Constraint& c : constraints) {
      const std::uint16_t words = terms[c.a].words | terms[c.b].words;
      if ((words & reached) == 0 || (words & ~reached) == 0) continue;
      reached |= words;
      grew = true;
    }
  }
  return reached;
}

Solver::Solver(const Terms& terms, const Exclusions& arena, const WordSets& sets,
               std::span<const Constraint> constraints, std::uint16_t component)
    : terms_(terms), arena_(arena), sets_(sets), component_(component) {
  std::vector<bool> seen(terms.size());
  std::vector<TermId> todo;
  for (const Constraint& c : constraints) {
    if (((terms[c.a].words | terms[c.b].words) & component) == 0) continue;
    constraints_.push_back(c);
    todo.push_back(c.a);
    todo.push_back(c.b);
  }
  while (!todo.empty()) {
    const TermId id = todo.back();
    todo.pop_back();
    if (seen[id]) continue;
    seen[id] = true;
    needed_.push_back(id);
    const Term& term = terms[id];
    if (term.op == TermOp::constant || term.op == TermOp::word) continue;
    todo.push_back(term.a);
    todo.push_back(term.b);
  }
  std::sort(needed_.begin(), needed_.end());
  ranges_.resize(terms.size());
  values_.resize(terms.size());
}

Sought Solver::solve(std::uint64_t max_nodes, Words& words) {
  const Sought first = search(Order::high_bits_first, max_nodes / 2, words);
  if (first != Sought::gave_up) return first;
  return search(Order::low_bits_first, max_nodes / 2, words);
}

Sought Solver::search(Order order, std::uint64_t max_nodes, Words& words) {
  std::vector<Node> stack(1);
  for (std::size_t i = 0; i < kWords; ++i) {
    const ValueSet& set = sets_[i];
    stack[0].words[i] = {set.low, set.high, set.known_mask, set.known_bits};
  }
  for (std::uint64_t nodes = 0; !stack.empty(); ++nodes) {
    if (nodes >= max_nodes) return Sought::gave_up;
    Node node = stack.back();
    stack.pop_back();
    if (!narrow_words(node)) continue;
    evaluate(node);
    const Constraint* open = nullptr;
    bool possible = true;
    for (const Constraint& c : constraints_) {
      const Truth truth = check(c);
      if (truth == Truth::no) possible = false;
      if (truth == Truth::open && open == nullptr) open = &c;
    }
    if (!possible) continue;
    if (try_concrete(node, words)) return Sought::found;
    // With every constraint settled, only a word's own exclusions can have failed: that word is split further.
    const Choice choice = choose(node, open != nullptr ? *open : constraints_.front(), order);
    if (choice.bit == 0) continue;
    for (const std::uint32_t value : {choice.bit, std::uint32_t{0}}) {
      Node child = node;
      Range& word = child.words[choice.word];
      if (intersect(word, word.low, word.high, choice.bit, value)) stack.push_back(child);
    }
  }
  return Sought::none;
}

bool Solver::narrow_words(Node& node) const {
  for (std::size_t i = 0; i < kWords; ++i) {
    if (!in(component_, i)) continue;
    Range& word = node.words[i];
    if (!sharpen(word)) return false;
    if (word.is_single() && !sets_[i].contains(arena_, word.low)) return false;
  }
  return true;
}

void Solver::evaluate(const Node& node) {
  for (const TermId id : needed_) {
    const Term& term = terms_[id];
    if (term.op == TermOp::constant) {
      ranges_[id] = single(term.value);
    } else if (term.op == TermOp::word) {
      ranges_[id] = node.words[term.value];
    } else {
      ranges_[id] = apply(term.op, ranges_[term.a], ranges_[term.b]);
    }
  }
}

Truth Solver::check(const Constraint& c) const {
  Range a = ranges_[c.a];
  if (c.mask != 0xffffffff) a = apply(TermOp::and_, a, single(c.mask));
  const Range& b = ranges_[c.b];
  Truth truth = Truth::open;
  if (c.relation == Relation::gt) {
    if (a.low > b.high) truth = Truth::yes;
    if (a.high <= b.low) truth = Truth::no;
  } else if (a.high < b.low || b.high < a.low || ((a.bits ^ b.bits) & a.mask & b.mask) != 0) {
    truth = Truth::no;
  } else if (a.is_single() && b.is_single()) {
    truth = Truth::yes;
  }
  if (truth == Truth::open || c.truth) return truth;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

bool Solver::try_concrete(const Node& node, Words& words) {
  Words tried{};
  for (std::size_t i = 0; i < kWords; ++i) {
    if (!in(component_, i)) continue;
    ValueSet set = sets_[i];
    const Range& range = node.words[i];
    set.low = std::max(set.low, range.low);
    set.high = std::min(set.high, range.high);
    set.known_mask |= range.mask;
    set.known_bits |= range.bits;
    bool gave_up = false;
    const auto value = set.member(arena_, gave_up);
    if (!value) return false;
    tried[i] = *value;
  }
  for (const TermId id : needed_) {
    const Term& term = terms_[id];
    if (term.op == TermOp::constant) {
      values_[id] = term.value;
    } else if (term.op == TermOp::word) {
      values_[id] = tried[term.value];
    } else {
      values_[id] = apply(term.op, values_[term.a], values_[term.b]);
    }
  }
  for (const Constraint& c : constraints_)
    if (compare(c.relation, values_[c.a] & c.mask, values_[c.b]) != c.truth) return false;
  for (std::size_t i = 0; i < kWords; ++i)
    if (in(component_, i)) words[i] = tried[i];
  return true;
}

// Which bits of each expression, and so of each word, the constraint depends on: from wholes down to parts.
void Solver::mark_care(const Constraint& constraint) {
  care_.assign(terms_.size(), 0);
  care_[constraint.a] |= constraint.mask;
  care_[constraint.b] = 0xffffffff;
  for (auto at = needed_.rbegin(); at != needed_.rend(); ++at) {
    const Term& term = terms_[*at];
    std::uint32_t care = care_[*at];
    if (care == 0 || term.op == TermOp::constant || term.op == TermOp::word) continue;
    const bool has_constant = terms_.is_constant(term.b);
    const std::uint32_t k = terms_[term.b].value;
    switch (term.op) {
      case TermOp::and_:
        care = has_constant ? care & k : care;
        break;
      case TermOp::or_:
        care = has_constant ? care & ~k : care;
        break;
      case TermOp::lsh:
        care = has_constant ? care >> k : 0xffffffff;
        break;
      case TermOp::rsh:
        care = has_constant ? care << k : 0xffffffff;
        break;
      case TermOp::div:
        care = 0xffffffff;
        break;
      case TermOp::xor_:
        break;
      default:
        care = up_to_highest(care);
        break;
    }
    care_[term.a] |= care;
    care_[term.b] |= care;
  }
}

// The word with the most open bits that matter to the constraint, else with any open bit; its outermost such bit.
Solver::Choice Solver::choose(const Node& node, const Constraint& open, Order order) {
  mark_care(open);
  std::array<std::uint32_t, kWords> cared{};
  for (const TermId id : needed_)
    if (terms_[id].op == TermOp::word) cared[terms_[id].value] = care_[id];
  Choice choice;
  int most = 0;
  for (const bool only_care : {true, false}) {
    for (std::uint8_t i = 0; i < kWords; ++i) {
      if (!in(component_, i)) continue;
      const std::uint32_t bits = ~node.words[i].mask & (only_care ? cared[i] : 0xffffffff);
      if (std::popcount(bits) <= most) continue;
      most = std::popcount(bits);
      choice = {i, order == Order::high_bits_first ? std::bit_floor(bits) : bits & (~bits + 1)};
    }
    if (choice.bit != 0) break;
  }
  return choice;
}

}  // namespace callgate::prove
