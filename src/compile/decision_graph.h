// Argument decisions → graph. The words of the arguments are looked at in one fixed order. What is left of a decision
// once a word is known is again a decision, over fewer words (the residual); equal residuals are compiled once. So the
// graph is an ordered decision diagram over words, each word loaded once on a path, and within a word an optimal tree
// over the intervals on which the residual is the same. Masks that are no intervals are tested within an interval,
// those that the interval or the masks tested before decide already are not, so no instruction is unreachable.
//
// Several orders are tried and the cheapest graph is kept. Should a diagram grow beyond a limit (which takes dozens of
// conditions on different arguments, or thousands of values), the clauses are compiled one after the other instead:
// linear, never wrong. More clauses than a filter may have instructions are not compiled at all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "compile/arg_test.h"
#include "compile/compile.h"
#include "compile/graph.h"
#include "compile/run_tree.h"

namespace callgate::compile {

// What an instruction less in an argument decision is worth, in instructions executed per call.
float argument_price(Objective objective);

class DecisionGraph {
 public:
  // `price` as for RunTree: how much executing a test is worth against holding one.
  DecisionGraph(Graph& graph, RunTree& trees, float price);
  // A graph that loads what it needs, whatever A holds before.
  NodeId build(const policy::Decision& decision, bool little_endian);
  // Where the last decision built cannot be compiled: how many instructions it would take at least, more than a filter
  // may have; build() returned a node that means nothing. Otherwise 0.
  std::size_t too_long() const { return too_long_; }

 private:
  // In words_: clauses of [count, test ids (sorted) …, target node], then [0, target node].
  struct Residual {
    std::uint32_t offset = 0, size = 0;
  };
  struct WordRef {
    std::uint8_t arg = 0;
    Word word = Word::low;
  };
  // Where in the values of one word a mask test stands: an interval, the masks that held, and those that did not.
  struct Place {
    Cube cube;
    std::size_t refuted_from = 0;
  };
  static constexpr std::size_t kMaxSteps = 4000;          // residuals per order before clauses are compiled one by one
  static constexpr std::uint64_t kMaxWork = 100'000'000;  // tests looked at in all orders together, likewise
  static constexpr std::size_t kMaxOrders = 24;           // orders tried
  static constexpr std::size_t kManyClauses = 24;         // beyond, clauses are not compared with each other
  static constexpr int kFeasibleSteps = 256;

  Residual initial(const policy::Decision& decision);
  NodeId choose_order(Residual decision);
  NodeId try_order(Residual decision);
  NodeId clause_by_clause(Residual decision);
  float cost(NodeId root);
  NodeId solve(Residual residual);
  NodeId solve_word(Residual residual, WordRef at);
  NodeId solve_masks(Residual residual, WordRef at, const Place& place);
  NodeId split_by_mask(Residual residual, WordRef at, const Place& place, std::uint32_t test);
  bool settle_masks(Residual residual, WordRef at, const Place& place);
  bool possible(const Cube& cube, std::size_t refuted_from, int& steps) const;
  NodeId tree(std::size_t from, WordRef at);
  Residual restrict(Residual residual);
  void add_clause(std::size_t start, std::span<const std::uint32_t> tests, NodeId target);
  Residual finish(std::size_t start, NodeId otherwise);
  bool next_word(Residual residual, WordRef& at) const;
  std::uint32_t intern(const ArgTest& test);
  bool spend(std::uint64_t tests);
  std::uint32_t load_offset(WordRef at) const;
  template <class Visit>
  void for_tests(Residual residual, Visit visit) const;
  NodeId* find_solved(Residual residual);

  Graph& graph_;
  RunTree& trees_;
  float price_;
  bool little_endian_ = true;
  bool gave_up_ = false;
  std::size_t steps_ = 0, max_steps_ = kMaxSteps, too_long_ = 0;
  std::uint64_t work_ = 0, max_work_ = kMaxWork;
  std::vector<WordRef> order_;
  std::vector<ArgTest> tests_;
  std::map<ArgTest, std::uint32_t> test_ids_;  // of many tests
  // What the value of the word at hand makes of each test: kUnknown, kFalse, kTrue, or the id of what is left of it
  // + 3.
  static constexpr std::uint32_t kUnknown = 0, kFalse = 1, kTrue = 2, kFirstTest = 3;
  std::vector<std::uint32_t> outcomes_;
  std::vector<std::uint32_t> words_;
  struct Solved {
    std::uint64_t hash;
    Residual residual;
    NodeId node;
  };
  std::vector<Solved> solved_;
  std::vector<std::uint32_t> slots_;  // open addressing into solved_; index + 1
  // Stacks, used by the recursion from the mark it found.
  std::vector<std::uint32_t> border_stack_;
  std::vector<Piece> piece_stack_;
  std::vector<MaskPart> refuted_;
  std::vector<std::uint32_t> clause_;
  std::vector<float> node_cost_;
};

template <class Visit>
void DecisionGraph::for_tests(Residual residual, Visit visit) const {
  const std::uint32_t end = residual.offset + residual.size;
  for (std::uint32_t at = residual.offset; at < end;) {
    const std::uint32_t count = words_[at++];
    for (std::uint32_t i = 0; i < count; ++i) visit(words_[at + i]);
    at += count + 1;
  }
}

}  // namespace callgate::compile
