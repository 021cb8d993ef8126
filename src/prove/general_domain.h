// The complete domain: A, X and scratch words are expressions over the input words. Questions about one word are held
// exactly as in SimpleDomain; equalities on a chain of operations with constants are turned into such; the rest become
// constraints, refuted or given a model by the solver.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "prove/solver.h"
#include "prove/term.h"

namespace callgate::prove {

class GeneralDomain {
 public:
  static constexpr bool kHasRegisters = true;
  using Value = TermId;
  struct Registers {
    Value a, x;
    std::array<Value, 16> scratch;
  };
  struct Fact {
    TermId term;
    ValueSet set;  // of an expression that is not a word
  };
  struct Path {
    WordSets words;
    std::vector<Fact> facts;
    std::vector<Constraint> constraints;  // all that the word sets do not hold
    std::size_t arena_size = 0;
  };
  using Saved = Path;
  struct Atom {
    Constraint ask;  // with truth = true
    bool negated = false;
    bool known = false;  // then `negated` is the answer's complement
  };

  GeneralDomain() : zero_(terms_.constant(0)) {}
  Registers initial_registers() const;
  Value constant(std::uint32_t k) { return terms_.constant(k); }
  Value load(std::uint8_t word) { return terms_.word(word); }
  bool is_constant(Value v, std::uint32_t& k) const;
  Value alu(std::uint16_t operation, Value a, Value b);
  Atom compare(std::uint16_t jump, Value a, Value b);
  Atom word_atom(std::uint8_t word, std::uint32_t mask, Relation relation, std::uint32_t k);
  Truth decide(const Path& path, const Atom& atom);
  bool assume(Path& path, const Atom& atom, bool truth);
  bool assume_later(const Path& path, const Atom& atom, Saved& saved) {
    saved = path;
    return assume(saved, atom, false);
  }
  void resume(Path& path, Saved& saved) {
    path = std::move(saved);
    arena_.resize(path.arena_size);
  }
  static std::uint32_t lower_bound(const Path& path, std::uint8_t word) { return path.words[word].low; }
  Sought witness(const Path& path, Words& words);
  static bool stuck() { return false; }
  static void get_stuck() {}

 private:
  Atom equality(TermId a, std::uint32_t mask, std::uint32_t k);
  Atom greater(TermId a, std::uint32_t k);
  Atom pair(Relation relation, TermId a, TermId b);
  Atom fixed(bool truth) const { return {.ask = {.a = zero_, .b = zero_}, .negated = !truth, .known = true}; }
  Range evaluate(const Path& path, TermId id);
  const Range& evaluate_parts(const Path& path, TermId id);
  bool is_word(TermId id) const { return terms_[id].op == TermOp::word; }
  bool still_possible(const Path& path, std::uint16_t touched);

  Terms terms_;
  TermId zero_;
  Exclusions arena_;
  struct Known {
    std::uint64_t round = 0;
    Range range;
  };
  std::vector<Known> evaluated_;  // by TermId; of the current round of evaluate()
  std::uint64_t round_ = 0;
};

}  // namespace callgate::prove
