// Decides a function of one 32-bit word, given as pieces, by a tree of tests on A. Dynamic programming over intervals
// of pieces: an interval is cut in two by JGE, or it is finished by a leaf, which is one of
//   - a chain: JEQ for each single number that differs from the rest (one test where cuts would take two);
//   - a window: one JSET that tells the numbers of two targets apart ({300,304,308,312} in 299..312 is (n & 3) == 0;
//     {0,8,0x20000,0x20008} is (n & ~0x20008) == 0), and chains for what it gets wrong.
// The tree is optimal among those for cost = expected number of tests + price · number of tests, as long as there are
// at most kMaxExact pieces; more are cut into parts of like weight first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "compile/graph.h"

namespace callgate::compile {

// The numbers from `first` up to the next piece all lead to `leaf`. Neighbours differ in `leaf`.
struct Piece {
  std::uint32_t first = 0;
  NodeId leaf = 0;
  float weight = 0;  // share of executions; all pieces together about 1
};

class RunTree {
 public:
  explicit RunTree(Graph& graph) : graph_(graph) {}
  // Precondition: pieces are not empty. The last piece ends with `last`. `price`: tests executed per call that one
  // test less in the program is worth.
  NodeId build(std::span<const Piece> pieces, std::uint32_t last, float price);

 private:
  static constexpr std::size_t kMaxExact = 160;
  static constexpr std::size_t kMaxExceptions = 7;
  static constexpr std::size_t kShort = 12;  // intervals of as many pieces are solved with every cut
  static constexpr std::size_t kSlack = 2;   // longer ones with as many cuts to either side of the middle
  // Pieces of a leaf: its exceptions with the rest before, between and after them, for neighbours differ. Exceptions
  // that the first stretch makes part of the rest are at most half of them and do not make it longer.
  static constexpr std::size_t kLongestLeaf = 2 * kMaxExceptions + 1;
  static_assert(kShort <= kLongestLeaf, "solve() finds every short interval in its row of leaf_");
  static constexpr std::size_t kLongSlots = 8;  // places for long intervals for each piece, to begin with

  struct Exception {
    std::uint32_t number;
    NodeId leaf;
    float weight;
  };
  // Single numbers that differ from `rest`; at most kMaxExceptions, sorted by falling weight.
  struct Chain {
    std::array<Exception, kMaxExceptions> items;
    std::size_t count = 0;
    NodeId rest = 0;
    bool has_rest = false;
  };
  struct Window {
    std::uint32_t mask = 0;  // 0: none
    float cost = 0;
  };
  // The cost of an interval of more than kShort pieces. Few of them are ever asked for.
  struct Long {
    std::uint32_t key = 0;  // 0: free
    float cost = 0;
  };

  NodeId build_exact(std::span<const Piece> pieces, std::uint32_t last);
  NodeId build_halves(std::span<const Piece> pieces, std::uint32_t last);
  void solve();
  void leaves_from(std::size_t i);
  bool extend(Chain& chain, std::size_t j) const;
  static void settle(Chain& chain);
  float leaf_cost(const Chain& chain, std::size_t i, std::size_t j, float weight) const;
  float settled_cost(Chain chain, std::size_t i, std::size_t j, float weight) const;
  float chain_cost(const Chain& chain, float weight) const;
  Window best_window(const Chain& chain, std::size_t i, std::size_t j, float weight) const;
  Window narrow_window(const Chain& chain, std::uint32_t first, std::uint32_t span, float weight) const;
  Window wide_window(const Chain& chain, std::uint32_t first, std::uint32_t end, float weight) const;
  float cost(std::size_t i, std::size_t j);
  float long_cost(std::size_t i, std::size_t j, std::uint32_t key);
  static std::uint32_t long_key(std::size_t i, std::size_t j) { return static_cast<std::uint32_t>(i << 16 | j); }
  Long& long_slot(std::uint32_t key);
  void grow_long();
  std::pair<std::size_t, std::size_t> cuts(std::size_t i, std::size_t j) const;
  NodeId emit(std::size_t i, std::size_t j);
  NodeId emit_leaf(std::size_t i, std::size_t j);
  NodeId emit_chain(std::span<const Exception> items, NodeId rest);
  NodeId emit_window_side(const Chain& chain, std::size_t i, std::size_t j, std::uint32_t mask, bool zero);
  std::uint32_t end_of(std::size_t i) const { return i + 1 < pieces_.size() ? pieces_[i + 1].first - 1 : last_; }
  bool single(std::size_t i) const { return end_of(i) == pieces_[i].first; }
  float weight(std::size_t i, std::size_t j) const { return sums_[j + 1] - sums_[i]; }
  // Costs of short intervals. Rows of both are contiguous in the place of a cut, so that the cuts of an interval read
  // two rows. Only what is asked for is kept: whole matrices would cost more in page faults than in arithmetic.
  float& by_first(std::size_t i, std::size_t j) { return by_first_[i * kShort + (j - i)]; }
  float& by_last(std::size_t i, std::size_t j) { return by_last_[j * kShort + (i + kShort - 1 - j)]; }
  float leaf(std::size_t i, std::size_t j) const {
    return j - i < kLongestLeaf ? leaf_[i * kLongestLeaf + (j - i)] : std::numeric_limits<float>::infinity();
  }

  Graph& graph_;
  std::span<const Piece> pieces_;
  std::uint32_t last_ = 0;
  float price_ = 0;
  std::vector<float> sums_;      // weights before piece i
  std::vector<float> by_first_;  // [i][j - i]: cost of pieces i..j
  std::vector<float> by_last_;   // [j][i - j + kShort - 1]: the same
  std::vector<float> leaf_;      // [i][j - i]: cost of the best leaf, infinite if there is none
  std::vector<Long> long_;       // open addressing
  std::size_t long_count_ = 0;
};

// Where `key` stands, or the free place where it belongs.
inline RunTree::Long& RunTree::long_slot(std::uint32_t key) {
  constexpr std::uint32_t kOdd = 0x9e3779b9;  // 2^32 over the golden ratio: spreads neighbours
  const std::size_t wrap = long_.size() - 1;
  std::size_t slot = (key * kOdd >> 16) & wrap;
  while (long_[slot].key != 0 && long_[slot].key != key) slot = (slot + 1) & wrap;
  return long_[slot];
}

// Most questions have been answered before; those take no call.
inline float RunTree::cost(std::size_t i, std::size_t j) {
  if (j - i < kShort) return by_first(i, j);
  const std::uint32_t key = long_key(i, j);
  const Long& known = long_slot(key);
  return known.key == key ? known.cost : long_cost(i, j, key);
}

}  // namespace callgate::compile
