// Decides whether words exist that satisfy a conjunction of constraints on expressions: by abstract evaluation, and
// splitting on bits that matter while it leaves a constraint open. Constraints that share no word are decided apart.
// The search is complete; what it costs is bounded, and beyond that the answer is "gave up". SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "prove/range.h"
#include "prove/simple_domain.h"
#include "prove/term.h"

namespace callgate::prove {

// (a & mask) relation b, or its opposite. mask is all ones unless b is a constant.
struct Constraint {
  TermId a = 0, b = 0;
  std::uint32_t mask = 0xffffffff;
  Relation relation = Relation::eq;
  bool truth = true;
  bool operator==(const Constraint&) const = default;
};

using WordSets = std::array<ValueSet, kWords>;

// Words that reach each other through constraints from `seed`.
std::uint16_t connected(const Terms& terms, std::span<const Constraint> constraints, std::uint16_t seed);

class Solver {
 public:
  // Only constraints and words within `component` (closed under connected()) count.
  Solver(const Terms& terms, const Exclusions& arena, const WordSets& sets, std::span<const Constraint> constraints,
         std::uint16_t component);
  // At most `max_nodes` abstract evaluations. Fills the component's words when found.
  Sought solve(std::uint64_t max_nodes, Words& words);

 private:
  enum class Order : std::uint8_t { high_bits_first, low_bits_first };
  struct Node {
    std::array<Range, kWords> words;
  };
  struct Choice {
    std::uint8_t word = 0;
    std::uint32_t bit = 0;
  };
  Sought search(Order order, std::uint64_t max_nodes, Words& words);
  bool narrow_words(Node& node) const;
  void evaluate(const Node& node);
  Truth check(const Constraint& constraint) const;
  bool try_concrete(const Node& node, Words& words);
  Choice choose(const Node& node, const Constraint& open, Order order);
  void mark_care(const Constraint& constraint);

  const Terms& terms_;
  const Exclusions& arena_;
  const WordSets& sets_;
  std::vector<Constraint> constraints_;
  std::vector<TermId> needed_;  // ascending: parts before wholes
  std::vector<Range> ranges_;   // by TermId
  std::vector<std::uint32_t> values_;
  std::vector<std::uint32_t> care_;  // bits on which the chosen constraint depends
  std::uint16_t component_;
};

}  // namespace callgate::prove
