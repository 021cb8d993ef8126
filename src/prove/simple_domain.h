// The quick domain: A is a constant or one masked input word, every question is (word & mask) == k or > k. Exact, and
// enough for what compilers emit. A program that leaves this shape is reported as `stuck` and goes to the general
// domain. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "bpf/program.h"
#include "prove/value_set.h"

namespace callgate::prove {

// The sixteen 32-bit words of struct seccomp_data, by offset / 4.
inline constexpr std::size_t kWords = bpf::kDataBytes / 4;
inline constexpr std::uint8_t kWordNr = 0, kWordArch = 1;
using Words = std::array<std::uint32_t, kWords>;

enum class Sought : std::uint8_t { found, none, gave_up };

class SimpleDomain {
 public:
  static constexpr bool kHasRegisters = false;  // no X, no scratch words
  struct Value {
    std::uint32_t mask = 0, constant = 0;
    std::uint8_t word = kConstant;
  };
  struct Registers {
    Value a;
  };
  struct Path {
    std::array<ValueSet, kWords> words;
  };
  // What must be put back to continue where a branch was set aside.
  struct Saved {
    ValueSet set;
    std::uint8_t word = 0;
    std::size_t arena_size = 0, trail_size = 0;
  };
  struct Atom {
    std::uint32_t mask = 0, k = 0;
    std::uint8_t word = 0;
    Relation relation = Relation::eq;
    bool negated = false;
    bool known = false;  // then `negated` is the answer's complement, and the rest says nothing
  };

  static Registers initial_registers() { return {}; }
  static Value constant(std::uint32_t k) { return {0, k, kConstant}; }
  static Value load(std::uint8_t word) { return {0xffffffff, 0, word}; }
  static bool is_constant(const Value& v, std::uint32_t& k) {
    k = v.constant;
    return v.word == kConstant;
  }
  // `operation`: the high bits of an ALU code, as in bpf::op::kAddK.
  Value alu(std::uint16_t operation, const Value& a, const Value& b) {
    if (operation == bpf::op::kAndK && b.word == kConstant) {
      if (a.word == kConstant) return constant(a.constant & b.constant);
      const std::uint32_t mask = a.mask & b.constant;
      return mask == 0 ? constant(0) : Value{mask, 0, a.word};
    }
    stuck_ = true;
    return a;
  }
  // `jump`: bpf::op::kJeqK, kJgtK, kJgeK or kJsetK.
  Atom compare(std::uint16_t jump, const Value& a, const Value& b) {
    if (b.word != kConstant) {
      stuck_ = true;
      return {};
    }
    if (a.word == kConstant) return {.negated = !compare_constants(jump, a.constant, b.constant), .known = true};
    switch (jump) {
      case bpf::op::kJeqK:
        return word_atom(a.word, a.mask, Relation::eq, b.constant);
      case bpf::op::kJgtK:
        return word_atom(a.word, a.mask, Relation::gt, b.constant);
      case bpf::op::kJgeK:
        if (b.constant == 0) return {.known = true};
        return word_atom(a.word, a.mask, Relation::gt, b.constant - 1);
      default: {
        const std::uint32_t mask = a.mask & b.constant;
        if (mask == 0) return {.negated = true, .known = true};
        Atom atom = word_atom(a.word, mask, Relation::eq, 0);
        atom.negated = true;
        return atom;
      }
    }
  }
  static Atom word_atom(std::uint8_t word, std::uint32_t mask, Relation relation, std::uint32_t k) {
    return {.mask = mask, .k = k, .word = word, .relation = relation};
  }
  static Truth decide(const Path& path, const Atom& atom) {
    if (atom.known) return atom.negated ? Truth::no : Truth::yes;
    const Truth truth = path.words[atom.word].decide(atom.mask, atom.relation, atom.k);
    if (truth == Truth::open || !atom.negated) return truth;
    return truth == Truth::yes ? Truth::no : Truth::yes;
  }
  // False if the path becomes impossible.
  bool assume(Path& path, const Atom& atom, bool truth) {
    ValueSet& set = path.words[atom.word];
    trail_.push_back({set, atom.word});
    return narrow(set, atom, truth);
  }
  // The opposite answer, set aside; false if it is impossible.
  bool assume_later(const Path& path, const Atom& atom, Saved& saved) {
    saved.set = path.words[atom.word];
    saved.word = atom.word;
    const bool possible = narrow(saved.set, atom, false);
    saved.arena_size = arena_.size();
    saved.trail_size = trail_.size();
    return possible;
  }
  // Undoes whatever younger paths did.
  void resume(Path& path, const Saved& saved) {
    for (; trail_.size() > saved.trail_size; trail_.pop_back()) path.words[trail_.back().word] = trail_.back().set;
    arena_.resize(saved.arena_size);
    trail_.push_back({path.words[saved.word], saved.word});
    path.words[saved.word] = saved.set;
  }
  static std::uint32_t lower_bound(const Path& path, std::uint8_t word) { return path.words[word].low; }
  Sought witness(const Path& path, Words& words) {
    bool gave_up = false;
    for (std::size_t i = 0; i < kWords; ++i) {
      const auto value = path.words[i].member(arena_, gave_up);
      if (!value) return gave_up ? Sought::gave_up : Sought::none;
      words[i] = *value;
    }
    return Sought::found;
  }
  bool stuck() const { return stuck_; }
  void get_stuck() { stuck_ = true; }

 private:
  static bool compare_constants(std::uint16_t jump, std::uint32_t a, std::uint32_t b) {
    switch (jump) {
      case bpf::op::kJeqK:
        return a == b;
      case bpf::op::kJgtK:
        return a > b;
      case bpf::op::kJgeK:
        return a >= b;
      default:
        return (a & b) != 0;
    }
  }

  bool narrow(ValueSet& set, const Atom& atom, bool truth) {
    return set.require(arena_, atom.mask, atom.relation, atom.k, truth != atom.negated) != ValueSet::Narrowed::empty;
  }

  struct Changed {
    ValueSet set;
    std::uint8_t word;
  };
  static constexpr std::uint8_t kConstant = 0xff;
  Exclusions arena_;
  std::vector<Changed> trail_;
  bool stuck_ = false;
};

}  // namespace callgate::prove
