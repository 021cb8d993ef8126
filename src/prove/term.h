// Expressions over the sixteen input words, hash-consed: equal expressions have equal ids, and an expression's parts
// have smaller ids than itself. Simplified as they are made, so that much arithmetic never reaches the solver.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "prove/simple_domain.h"

namespace callgate::prove {

using TermId = std::uint32_t;
enum class TermOp : std::uint8_t { constant, word, add, sub, mul, div, or_, and_, lsh, rsh, neg, xor_ };

struct Term {
  TermOp op = TermOp::constant;
  TermId a = 0, b = 0;      // neg: a only
  std::uint32_t value = 0;  // constant: itself; word: its index
  std::uint16_t words = 0;  // bit i: depends on word i
};

// What the machine computes; x / 0 counts as 0 (a program never gets that far), shifts take 5 bits.
std::uint32_t apply(TermOp op, std::uint32_t a, std::uint32_t b);

class Terms {
 public:
  TermId constant(std::uint32_t k);
  TermId word(std::uint8_t index);
  TermId make(TermOp op, TermId a, TermId b);
  const Term& operator[](TermId id) const { return terms_[id]; }
  std::size_t size() const { return terms_.size(); }
  bool is_constant(TermId id) const { return terms_[id].op == TermOp::constant; }

 private:
  struct Key {
    std::uint64_t parts;
    std::uint32_t value;
    TermOp op;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  TermId intern(const Term& term);
  TermId with_constant(TermOp op, TermId a, std::uint32_t k);
  std::vector<Term> terms_;
  std::unordered_map<Key, TermId, Hash> ids_;
};

}  // namespace callgate::prove
