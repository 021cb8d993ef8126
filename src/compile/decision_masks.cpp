// The part of decision_graph.h that splits an interval of a word by masks.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "compile/decision_graph.h"

namespace callgate::compile {

// A holds the word, which lies in `place`.
NodeId DecisionGraph::solve_masks(Residual residual, WordRef at, const Place& place) {
  if (gave_up_ || !spend(residual.size)) return words_[residual.offset + residual.size - 1];
  if (settle_masks(residual, at, place)) residual = restrict(residual);
  std::uint32_t choice = kUnknown;
  for_tests(residual, [&](std::uint32_t id) {
    if (choice == kUnknown && tests_[id].masked && tests_[id].involves(at.arg, at.word)) choice = id + kFirstTest;
  });
  if (choice == kUnknown) return solve(residual);
  if (++steps_ > max_steps_) {
    gave_up_ = true;
    return words_[residual.offset + residual.size - 1];
  }
  return split_by_mask(residual, at, place, choice - kFirstTest);
}

NodeId DecisionGraph::split_by_mask(Residual residual, WordRef at, const Place& place, std::uint32_t test) {
  const MaskPart part = mask_part(tests_[test], at.word);
  const auto branch = [&](bool holds, const Place& there) {
    // Other tests may ask the same of this word.
    for_tests(residual, [&](std::uint32_t id) {
      if (!tests_[id].masked || !tests_[id].involves(at.arg, at.word)) return;
      const MaskPart same = mask_part(tests_[id], at.word);
      if (same.mask != part.mask || same.value != part.value) return;
      const Outcome outcome = learn_mask(tests_[id], at.word, holds);
      outcomes_[id] = outcome.decided ? (outcome.truth ? kTrue : kFalse) : intern(outcome.test) + kFirstTest;
    });
    return solve_masks(restrict(residual), at, there);
  };
  Place held = place;
  held.cube.known |= part.mask;
  held.cube.value = (place.cube.value & ~part.mask) | part.value;
  const NodeId yes = branch(true, held);
  refuted_.push_back(part);
  const NodeId no = branch(false, place);
  refuted_.pop_back();
  if (part.value == 0) return graph_.test(bpf::op::kJsetK, part.mask, no, yes);
  if (std::popcount(part.mask) == 1) return graph_.test(bpf::op::kJsetK, part.mask, yes, no);
  if (yes == no) return yes;
  // AND destroys the word: what looks at it again loads it again.
  const auto reloaded = [&](NodeId node) {
    return graph_[node].is_jump() || graph_[node].code == bpf::op::kAndK ? graph_.load(load_offset(at), node) : node;
  };
  return graph_.bit_and(part.mask, graph_.test(bpf::op::kJeqK, part.value, reloaded(yes), reloaded(no)));
}

// Sets the outcomes of the mask tests that `place` decides; says whether there are any.
bool DecisionGraph::settle_masks(Residual residual, WordRef at, const Place& place) {
  bool any = false;
  for_tests(residual, [&](std::uint32_t id) {
    if (!tests_[id].masked || !tests_[id].involves(at.arg, at.word) || outcomes_[id] != kUnknown) return;
    const MaskPart part = mask_part(tests_[id], at.word);
    int steps = kFeasibleSteps;
    bool can_hold = ((place.cube.value ^ part.value) & place.cube.known & part.mask) == 0;
    if (can_hold) {
      Cube held = place.cube;
      held.known |= part.mask;
      held.value |= part.value;
      can_hold = possible(held, place.refuted_from, steps);
    }
    bool can_fail = true;
    if (can_hold) {
      refuted_.push_back(part);
      can_fail = possible(place.cube, place.refuted_from, steps);
      refuted_.pop_back();
    }
    steps_ += static_cast<std::size_t>(kFeasibleSteps - steps) / 8;
    work_ += static_cast<std::uint64_t>(kFeasibleSteps - steps) * (refuted_.size() - place.refuted_from + 1);
    if (can_hold && can_fail) return;
    const Outcome outcome = learn_mask(tests_[id], at.word, can_hold);
    outcomes_[id] = outcome.decided ? (outcome.truth ? kTrue : kFalse) : intern(outcome.test) + kFirstTest;
    any = true;
  });
  return any;
}

// Whether some value lies in the cube and in none of the refuted ones. After too many steps the answer is yes, which
// costs instructions and not correctness.
bool DecisionGraph::possible(const Cube& cube, std::size_t refuted_from, int& steps) const {
  const std::optional<std::uint32_t> x = least(cube);
  if (!x) return false;
  if (--steps < 0) return true;
  const auto hit = std::find_if(refuted_.begin() + static_cast<std::ptrdiff_t>(refuted_from), refuted_.end(),
                                [&](const MaskPart& part) { return (*x & part.mask) == part.value; });
  if (hit == refuted_.end()) return true;
  // The cube less the refuted one, in disjoint cubes: one for each bit of it that is still open.
  Cube rest = cube;
  for (std::uint32_t open = hit->mask & ~cube.known; open != 0; open &= open - 1) {
    const std::uint32_t one = open & (~open + 1);
    rest.known |= one;
    rest.value = (rest.value & ~one) | (~hit->value & one);
    if (possible(rest, refuted_from, steps)) return true;
    rest.value ^= one;
  }
  return false;
}

}  // namespace callgate::compile
