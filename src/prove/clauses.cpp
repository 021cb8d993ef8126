// emit(node, rest) lists clauses that, with whatever answers as `rest` does after them, answer as `node` does. One
// child, the last, is what falls through to the remaining clauses: so a chain of rules becomes a list as long as the
// chain, and no condition need be negated. Which child that is, is chosen by what the list then costs.
// SPDX-License-Identifier: Apache-2.0
#include "prove/clauses.h"

#include <algorithm>
#include <map>

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
    if (least > kMaxCost) return std::nullopt;
    policy::Decision decision;
    decision.otherwise = diagrams_[best].action;
    Conjunction none;
    emit(root, best, none, decision.clauses);
    return decision;
  }

 private:
  static constexpr Cost kMaxCost = 8 * policy::kMaxClauses;
  static constexpr std::size_t kMaxCandidates = 4;

  // A child that is named, and when it is chosen; values that an earlier one has settled may be among those.
  struct Group {
    NodeId child;
    std::vector<Conjunction> cover;
  };
  struct Plan {
    Cost cost = kTooDear;  // conditions and clauses
    Cost clauses = 0;
    NodeId last = 0;  // the child that falls through, or `rest`
  };
  struct Child {
    NodeId id;
    std::vector<ValueInterval> values;
    Cost cost;  // conditions of its cover
  };

  // The children: leaves, which settle their values, before others, and of these those with the shorter cover first.
  const std::vector<Child>& children(NodeId id) {
    const auto [at, fresh] = children_.try_emplace(id);
    if (!fresh) return at->second;
    const DiagramNode& node = diagrams_[id];
    std::vector<Child> all;
    std::map<NodeId, std::size_t> index;
    for (std::size_t i = 0; i < node.firsts.size(); ++i) {
      const std::uint64_t last = i + 1 < node.firsts.size() ? node.firsts[i + 1] - 1 : packed_limit(node.mask);
      const auto [child, is_new] = index.try_emplace(node.children[i], all.size());
      if (is_new) all.push_back({node.children[i], {}, 0});
      all[child->second].values.push_back({node.firsts[i], last});
    }
    for (Child& child : all) child.cost = conditions(cover(node.arg, node.mask, child.values));
    std::stable_sort(all.begin(), all.end(), [this](const Child& a, const Child& b) {
      const bool leaf_a = diagrams_[a.id].is_leaf(), leaf_b = diagrams_[b.id].is_leaf();
      return leaf_a != leaf_b ? leaf_a : a.cost < b.cost;
    });
    return at->second = std::move(all);
  }

  // All children but the last one.
  const std::vector<Group>& groups(NodeId id, NodeId last) {
    const auto [at, fresh] = groups_.try_emplace({id, last});
    if (!fresh) return at->second;
    const DiagramNode& node = diagrams_[id];
    std::vector<ValueInterval> settled;
    for (const Child& child : children(id)) {
      if (child.id == last) continue;
      const bool is_leaf = diagrams_[child.id].is_leaf();
      at->second.push_back({child.id, cover(node.arg, node.mask, widened(node.mask, child.values, settled, !is_leaf))});
      if (is_leaf) settled.insert(settled.end(), child.values.begin(), child.values.end());
    }
    return at->second;
  }

  static Cost conditions(const std::vector<Conjunction>& cover) {
    Cost sum = 0;
    for (const Conjunction& each : cover) sum += each.size();
    return sum;
  }

  Plan plan_with(NodeId id, NodeId rest, NodeId last) {
    Plan sum{0, 0, last};
    if (last != rest) {
      const Plan after = plan(last, rest);
      sum.cost = after.cost;
      sum.clauses = after.clauses;
    }
    for (const Group& group : groups(id, last)) {
      const Plan inner = plan(group.child, last);
      sum.cost += group.cover.size() * inner.cost + conditions(group.cover) * inner.clauses;
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
    std::vector<std::pair<Cost, NodeId>> by_cost;
    for (const Child& child : children(id)) by_cost.emplace_back(child.cost, child.id);
    std::stable_sort(by_cost.begin(), by_cost.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<NodeId> candidates{rest};
    for (const auto& [cost, child] : by_cost)
      if (candidates.size() <= kMaxCandidates && child != rest) candidates.push_back(child);
    Plan best;
    for (const NodeId last : candidates)
      if (const Plan with = plan_with(id, rest, last); with.cost < best.cost) best = with;
    return plans_[key] = best;
  }

  void emit(NodeId id, NodeId rest, Conjunction& given, std::vector<Clause>& out) {
    if (id == rest) return;
    if (diagrams_[id].is_leaf()) {
      out.push_back({given, diagrams_[id].action});
      return;
    }
    const NodeId last = plan(id, rest).last;
    for (const Group& group : groups(id, last)) {
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
  std::map<NodeId, std::vector<Child>> children_;
  std::map<std::pair<NodeId, NodeId>, std::vector<Group>> groups_;
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
