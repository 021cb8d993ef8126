// Questions are brought to the form (expression & mask) == k or > k wherever operations can be undone.
// SPDX-License-Identifier: Apache-2.0
#include "prove/general_domain.h"

#include <algorithm>
#include <bit>

#include "prove/engines.h"

namespace callgate::prove {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;
// Abstract evaluations spent on a branch (only to prune early), and on a path whose answers differ.
constexpr std::uint64_t kBranchNodes = 200, kFinalNodes = 400'000;

bool is_low_mask(std::uint32_t mask) {
  return (mask & (mask + 1)) == 0;
}

// The inverse of an odd number modulo 2^32, by Newton's iteration: each step doubles the correct bits.
std::uint32_t inverse(std::uint32_t odd) {
  std::uint32_t x = odd;
  for (int i = 0; i < 5; ++i) x *= 2 - odd * x;
  return x;
}

}  // namespace

GeneralDomain::Registers GeneralDomain::initial_registers() const {
  Registers r{zero_, zero_, {}};
  r.scratch.fill(zero_);
  return r;
}

bool GeneralDomain::is_constant(Value v, std::uint32_t& k) const {
  k = terms_[v].value;
  return terms_.is_constant(v);
}

GeneralDomain::Value GeneralDomain::alu(std::uint16_t operation, Value a, Value b) {
  switch (operation) {
    case bpf::op::kAddK:
      return terms_.make(TermOp::add, a, b);
    case bpf::op::kSubK:
      return terms_.make(TermOp::sub, a, b);
    case bpf::op::kMulK:
      return terms_.make(TermOp::mul, a, b);
    case bpf::op::kDivK:
      return terms_.make(TermOp::div, a, b);
    case bpf::op::kOrK:
      return terms_.make(TermOp::or_, a, b);
    case bpf::op::kAndK:
      return terms_.make(TermOp::and_, a, b);
    case bpf::op::kLshK:
      return terms_.make(TermOp::lsh, a, b);
    case bpf::op::kRshK:
      return terms_.make(TermOp::rsh, a, b);
    case bpf::op::kXorK:
      return terms_.make(TermOp::xor_, a, b);
    default:
      return terms_.make(TermOp::neg, a, a);
  }
}

GeneralDomain::Atom GeneralDomain::compare(std::uint16_t jump, Value a, Value b) {
  const auto negate = [](Atom atom) {
    atom.negated = !atom.negated;
    return atom;
  };
  switch (jump) {
    case bpf::op::kJeqK:
      return pair(Relation::eq, a, b);
    case bpf::op::kJgtK:
      return pair(Relation::gt, a, b);
    case bpf::op::kJgeK:
      return negate(pair(Relation::gt, b, a));
    default:
      return negate(pair(Relation::eq, terms_.make(TermOp::and_, a, b), zero_));
  }
}

GeneralDomain::Atom GeneralDomain::word_atom(std::uint8_t word, std::uint32_t mask, Relation relation,
                                             std::uint32_t k) {
  return {.ask = {terms_.word(word), terms_.constant(k), mask, relation, true}};
}

GeneralDomain::Atom GeneralDomain::pair(Relation relation, TermId a, TermId b) {
  std::uint32_t left = 0, right = 0;
  const bool left_known = is_constant(a, left), right_known = is_constant(b, right);
  if (a == b) return fixed(relation == Relation::eq);
  if (left_known && right_known) return fixed(relation == Relation::eq ? left == right : left > right);
  if (relation == Relation::eq) {
    if (right_known) return equality(a, kAll, right);
    if (left_known) return equality(b, kAll, left);
    return {.ask = {std::min(a, b), std::max(a, b), kAll, relation, true}};
  }
  if (right_known) return greater(a, right);
  if (left_known) {  // k > b: not b > k - 1
    if (left == 0) return fixed(false);
    Atom atom = greater(b, left - 1);
    atom.negated = !atom.negated;
    return atom;
  }
  return {.ask = {a, b, kAll, relation, true}};
}

// (a & mask) == k, with invertible operations peeled off `a`.
GeneralDomain::Atom GeneralDomain::equality(TermId a, std::uint32_t mask, std::uint32_t k) {
  for (;;) {
    if ((k & ~mask) != 0) return fixed(false);
    if (mask == 0) return fixed(true);
    const Term term = terms_[a];
    const bool has_constant = term.op != TermOp::word && terms_.is_constant(term.b);
    const std::uint32_t c = has_constant ? terms_[term.b].value : 0;
    if (term.op == TermOp::neg && is_low_mask(mask)) {
      k = (0U - k) & mask;
    } else if (!has_constant) {
      break;
    } else if (term.op == TermOp::and_) {
      mask &= c;
    } else if (term.op == TermOp::or_) {
      if ((~k & c & mask) != 0) return fixed(false);
      mask &= ~c;
      k &= ~c;
    } else if (term.op == TermOp::xor_) {
      k ^= c & mask;
    } else if (term.op == TermOp::rsh) {
      if (((k << c) >> c) != k) return fixed(false);  // the vacated bits are zero
      mask <<= c;
      k <<= c;
    } else if (term.op == TermOp::lsh) {
      if (((k >> c) << c) != k) return fixed(false);
      mask >>= c;
      k >>= c;
    } else if (term.op == TermOp::add && is_low_mask(mask)) {
      k = (k - c) & mask;
    } else if (term.op == TermOp::mul && (c & 1U) != 0 && is_low_mask(mask)) {
      k = (k * inverse(c)) & mask;
    } else {
      break;
    }
    a = term.a;
  }
  return {.ask = {a, terms_.constant(k), mask, Relation::eq, true}};
}

// a > k, with operations that keep the order peeled off `a`: (a & mask) > k.
GeneralDomain::Atom GeneralDomain::greater(TermId a, std::uint32_t k) {
  std::uint32_t mask = kAll;
  for (;;) {
    if (k >= mask) return fixed(false);
    const Term term = terms_[a];
    if (term.op == TermOp::word || !terms_.is_constant(term.b)) break;
    const std::uint32_t c = terms_[term.b].value;
    if (term.op == TermOp::and_) {
      mask &= c;
    } else if (term.op == TermOp::rsh) {
      if (k > (kAll >> c)) return fixed(false);
      k = (k << c) | ~(kAll << c);
      mask = mask == kAll ? kAll : mask << c;
    } else if (term.op == TermOp::lsh) {
      k >>= c;
      mask >>= c;
    } else if (term.op == TermOp::div && mask == kAll) {
      const std::uint64_t last = std::uint64_t{k} * c + (c - 1);
      if (last >= kAll) return fixed(false);
      k = static_cast<std::uint32_t>(last);
    } else {
      break;
    }
    a = term.a;
  }
  return {.ask = {a, terms_.constant(k), mask, Relation::gt, true}};
}

Range GeneralDomain::evaluate(const Path& path, TermId id) {
  ++round_;
  if (evaluated_.size() < terms_.size()) evaluated_.resize(terms_.size());
  return evaluate_parts(path, id);
}

// Each shared part once; recursion is as deep as an expression, which is at most the program's length.
const Range& GeneralDomain::evaluate_parts(const Path& path, TermId id) {
  Known& known = evaluated_[id];
  if (known.round == round_) return known.range;
  known.round = round_;
  const Term& term = terms_[id];
  if (term.op == TermOp::constant) return known.range = single(term.value);
  if (term.op == TermOp::word) {
    const ValueSet& set = path.words[term.value];
    known.range = {set.low, set.high, set.known_mask, set.known_bits};
    if (!sharpen(known.range)) known.range = {};
    return known.range;
  }
  known.range = apply(term.op, evaluate_parts(path, term.a), evaluate_parts(path, term.b));
  const auto fact = std::find_if(path.facts.begin(), path.facts.end(), [id](const Fact& f) { return f.term == id; });
  if (fact == path.facts.end()) return known.range;
  Range narrowed = known.range;
  const ValueSet& set = fact->set;
  if (intersect(narrowed, set.low, set.high, set.known_mask, set.known_bits)) known.range = narrowed;
  return known.range;
}

Truth GeneralDomain::decide(const Path& path, const Atom& atom) {
  const auto signed_truth = [&atom](bool truth) { return truth != atom.negated ? Truth::yes : Truth::no; };
  if (atom.known) return signed_truth(true);
  const Constraint& ask = atom.ask;
  for (const Constraint& known : path.constraints) {
    if (known.a != ask.a || known.b != ask.b || known.relation != ask.relation || known.mask != ask.mask) continue;
    return signed_truth(known.truth);
  }
  const Range a = evaluate(path, ask.a);
  if (terms_.is_constant(ask.b)) {
    ValueSet set;
    set.low = a.low;
    set.high = a.high;
    set.known_mask = a.mask;
    set.known_bits = a.bits;
    const Truth truth = set.decide(ask.mask, ask.relation, terms_[ask.b].value);
    return truth == Truth::open ? truth : signed_truth(truth == Truth::yes);
  }
  const Range b = evaluate(path, ask.b);
  if (ask.relation == Relation::gt) {
    if (a.low > b.high) return signed_truth(true);
    return a.high <= b.low ? signed_truth(false) : Truth::open;
  }
  const bool apart = a.high < b.low || b.high < a.low || ((a.bits ^ b.bits) & a.mask & b.mask) != 0;
  if (apart) return signed_truth(false);
  return a.is_single() && b.is_single() ? signed_truth(true) : Truth::open;
}

bool GeneralDomain::assume(Path& path, const Atom& atom, bool truth) {
  using Narrowed = ValueSet::Narrowed;
  Constraint constraint = atom.ask;
  constraint.truth = truth != atom.negated;
  const TermId id = constraint.a;
  const auto touched = static_cast<std::uint16_t>(terms_[id].words | terms_[constraint.b].words);
  bool held = false;
  if (terms_.is_constant(constraint.b)) {
    ValueSet* set = nullptr;
    if (is_word(id)) {
      set = &path.words[terms_[id].value];
    } else {
      const auto at = std::find_if(path.facts.begin(), path.facts.end(), [id](const Fact& f) { return f.term == id; });
      set = at != path.facts.end() ? &at->set : &path.facts.emplace_back(Fact{id, {}}).set;
    }
    const Narrowed narrowed =
        set->require(arena_, constraint.mask, constraint.relation, terms_[constraint.b].value, constraint.truth);
    path.arena_size = arena_.size();
    if (narrowed == Narrowed::empty) return false;
    held = is_word(id);
  }
  if (!held) path.constraints.push_back(constraint);
  return still_possible(path, touched);
}

bool GeneralDomain::still_possible(const Path& path, std::uint16_t touched) {
  const std::uint16_t component = connected(terms_, path.constraints, touched);
  const bool constrained = std::any_of(path.constraints.begin(), path.constraints.end(), [&](const Constraint& c) {
    return ((terms_[c.a].words | terms_[c.b].words) & component) != 0;
  });
  if (!constrained) return true;
  Words ignored{};
  return Solver(terms_, arena_, path.words, path.constraints, component).solve(kBranchNodes, ignored) != Sought::none;
}

Sought GeneralDomain::witness(const Path& path, Words& words) {
  std::uint16_t done = 0;
  bool gave_up = false;
  for (const Constraint& c : path.constraints) {
    const auto touched = static_cast<std::uint16_t>(terms_[c.a].words | terms_[c.b].words);
    if ((touched & ~done) == 0) continue;
    const std::uint16_t component = connected(terms_, path.constraints, touched);
    done |= component;
    const Sought sought = Solver(terms_, arena_, path.words, path.constraints, component).solve(kFinalNodes, words);
    if (sought == Sought::none) return sought;
    gave_up = gave_up || sought == Sought::gave_up;
  }
  for (std::size_t i = 0; i < kWords; ++i) {
    if (((done >> i) & 1U) != 0) continue;
    bool unsure = false;
    const auto value = path.words[i].member(arena_, unsure);
    if (!value && !unsure) return Sought::none;
    gave_up = gave_up || unsure;
    words[i] = value.value_or(0);
  }
  return gave_up ? Sought::gave_up : Sought::found;
}

Outcome decide_general(const Question& question, const Limits& limits) {
  GeneralDomain domain;
  return *Machine<GeneralDomain>(question, domain, limits).run();
}

}  // namespace callgate::prove
