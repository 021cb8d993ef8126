// emit(node, rest) lists clauses that, with whatever answers as `rest` does after them, answer as `node` does. One
// child, the last, is what falls through to the remaining clauses: so a chain of rules becomes a list as long as the
// chain, and no condition need be negated. Which child that is, is chosen by what the list then costs.
// SPDX-License-Identifier: Apache-2.0
#include "prove/clauses.h"

#include <algorithm>

#include "policy/algebra.h"
#include "policy/builder.h"
#include "prove/cover.h"

namespace callgate::prove {

namespace {

using policy::Clause;
using Cost = std::uint64_t;
constexpr Cost kTooDear = Cost{1} << 40;

class Emission {
 public:
  explicit Emission(const Diagrams& diagrams) : diagrams_(diagrams) {}

  std::optional<policy::Decision> run(NodeId root) {
    NodeId best = root;
    Cost least = kTooDear;
    for (const NodeId leaf : leaves(root))
      if (const Cost cost = plan(root, leaf).cost; cost < least) {
        least = cost;
        best = leaf;
      }
    if (least == kTooDear || least > kMaxCost) return std::nullopt;
    policy::Decision decision;
    decision.otherwise = diagrams_[best].action;
    Conjunction none;
    emit(root, best, none, decision.clauses);
    return decision;
  }

 private:
  static constexpr Cost kMaxCost = 8 * policy::kMaxClauses;
  static constexpr std::size_t kMaxCandidates = 4;

  struct Group {
    NodeId child;
    std::vector<Conjunction> cover;
  };
  struct Plan {
    Cost cost = kTooDear;  // conditions and clauses
    Cost clauses = 0;
    NodeId last = 0;  // the child that falls through, or `rest`
  };

  // The children and when each is chosen, those with the longest cover first.
  const std::vector<Group>& groups(NodeId id) {
    const auto [at, fresh] = groups_.try_emplace(id);
    if (!fresh) return at->second;
    const DiagramNode& node = diagrams_[id];
    std::vector<std::pair<NodeId, std::vector<ValueInterval>>> sets;
    std::map<NodeId, std::size_t> index;
    for (std::size_t i = 0; i < node.firsts.size(); ++i) {
      const std::uint64_t last = i + 1 < node.firsts.size() ? node.firsts[i + 1] - 1 : packed_limit(node.mask);
      const auto [set, is_new] = index.try_emplace(node.children[i], sets.size());
      if (is_new) sets.push_back({node.children[i], {}});
      sets[set->second].second.push_back({node.firsts[i], last});
    }
    for (const auto& [child, intervals] : sets) at->second.push_back({child, cover(node.arg, node.mask, intervals)});
    return at->second;
  }

  static Cost conditions(const Group& group) {
    Cost sum = 0;
    for (const Conjunction& each : group.cover) sum += each.size();
    return sum;
  }

  Plan plan_with(NodeId id, NodeId rest, NodeId last) {
    const Plan after = plan(last, rest);
    Plan sum{after.cost, after.clauses, last};
    for (const Group& group : groups(id)) {
      if (group.child == last) continue;
      const Plan inner = plan(group.child, last);
      sum.cost += group.cover.size() * inner.cost + conditions(group) * inner.clauses;
      sum.clauses += group.cover.size() * inner.clauses;
      if (sum.cost >= kTooDear) return {kTooDear, 0, last};
    }
    return sum;
  }

  Plan plan(NodeId id, NodeId rest) {
    if (id == rest) return {0, 0, rest};
    if (diagrams_[id].is_leaf()) return {1, 1, rest};
    const std::pair<NodeId, NodeId> key{id, rest};
    if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
    std::vector<NodeId> candidates;
    std::vector<std::pair<Cost, NodeId>> by_cover;
    for (const Group& group : groups(id)) by_cover.push_back({conditions(group), group.child});
    std::sort(by_cover.begin(), by_cover.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [cost, child] : by_cover)
      if (candidates.size() < kMaxCandidates) candidates.push_back(child);
    if (std::find(candidates.begin(), candidates.end(), rest) == candidates.end()) candidates.push_back(rest);
    Plan best;
    for (const NodeId last : candidates)
      if (const Plan with = last == rest ? plan_without(id, rest) : plan_with(id, rest, last); with.cost < best.cost)
        best = with;
    return plans_[key] = best;
  }

  // Every child that is not `rest` itself is named.
  Plan plan_without(NodeId id, NodeId rest) {
    Plan sum{0, 0, rest};
    for (const Group& group : groups(id)) {
      if (group.child == rest) continue;
      const Plan inner = plan(group.child, rest);
      sum.cost += group.cover.size() * inner.cost + conditions(group) * inner.clauses;
      sum.clauses += group.cover.size() * inner.clauses;
      if (sum.cost >= kTooDear) return {};
    }
    return sum;
  }

  void emit(NodeId id, NodeId rest, Conjunction& given, std::vector<Clause>& out) {
    if (id == rest) return;
    if (diagrams_[id].is_leaf()) {
      out.push_back({given, diagrams_[id].action});
      return;
    }
    const NodeId last = plan(id, rest).last;
    for (const Group& group : groups(id)) {
      if (group.child == last) continue;
      for (const Conjunction& when : group.cover) {
        const std::size_t before = given.size();
        given.insert(given.end(), when.begin(), when.end());
        emit(group.child, last, given, out);
        given.resize(before);
      }
    }
    emit(last, rest, given, out);
  }

  std::vector<NodeId> leaves(NodeId root) {
    std::vector<NodeId> open{root}, found;
    std::map<NodeId, bool> seen{{root, true}};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (diagrams_[id].is_leaf()) found.push_back(id);
      for (const NodeId child : diagrams_[id].children)
        if (seen.try_emplace(child, true).second) open.push_back(child);
    }
    std::sort(found.begin(), found.end(),
              [this](NodeId a, NodeId b) { return diagrams_[a].action < diagrams_[b].action; });
    return found;
  }

  const Diagrams& diagrams_;
  std::map<NodeId, std::vector<Group>> groups_;
  std::map<std::pair<NodeId, NodeId>, Plan> plans_;
};

}  // namespace

std::optional<policy::Decision> decision_of(const Diagrams& diagrams, NodeId root) {
  auto decision = Emission(diagrams).run(root);
  if (!decision || decision->is_constant()) return decision;
  for (Clause& clause : decision->clauses) join_masks(clause);
  return policy::simplify(std::move(*decision));
}

}  // namespace callgate::prove
