// Two decisions of many clauses cut into cells: products of sets of values on which both answers are settled, disjoint,
// together everything. One variable is decided at a time, an argument or what a mask leaves of it: its values are swept
// once, and those that leave the same rest of both decisions are one set, so that thousands of clauses which compare
// one argument with one value each come to a few cells. walk() (policy/walk.h) is the plain form of the same and
// quicker for few clauses: for_each_leaf() chooses. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "policy/region.h"
#include "policy/walk.h"

namespace callgate::policy {

// The values of one argument: disjoint regions, none of them empty.
struct ArgUnion {
  std::vector<ArgRegion> regions;
  std::uint64_t smallest = 0;
};

struct Cell {
  std::array<std::shared_ptr<const ArgUnion>, 6> args;
  std::array<std::uint64_t, 6> least() const {
    std::array<std::uint64_t, 6> values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = args[i]->smallest;
    return values;
  }
};

// `differing`: cells on which the decisions are the same rest of a list may be left out.
enum class Interest : std::uint8_t { all, differing };

// Calls visit(cell, action of a, action of b) for each cell of `within`; stops once it returns false, and then returns
// false itself. So it does where more than `most_work` clauses, values and regions would have to be looked at.
using CellVisit = std::function<bool(const Cell&, Action, Action)>;
inline constexpr std::uint64_t kAnyWork = ~std::uint64_t{0};
bool for_each_cell(const Decision& a, const Decision& b, const CallRegion& within, Interest interest,
                   const CellVisit& visit, std::uint64_t most_work = kAnyWork);

inline constexpr std::size_t kWalkedClauses = 64;  // of both decisions together

// walk() for few clauses, for_each_cell() for many. The leaf, a CallRegion or a Cell, has least().
template <class Leaf>
bool for_each_leaf(const Decision& a, const Decision& b, const CallRegion& within, Interest interest,
                   const Leaf& leaf) {
  if (a.clauses.size() + b.clauses.size() <= kWalkedClauses) return walk({&a}, {&b}, within, leaf);
  return for_each_cell(a, b, within, interest, [&](const Cell& cell, Action x, Action y) { return leaf(cell, x, y); });
}

}  // namespace callgate::policy
