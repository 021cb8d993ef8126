// combine(): where a's first matching clause is i and b's is j, the pair (i, j) is the first of the pairs, in the order
// of i and then j, of which both match; so the pairs in that order are the combined decision, without any negation.
// SPDX-License-Identifier: Apache-2.0
#include "policy/algebra.h"

#include <map>

#include "policy/builder.h"
#include "policy/walk.h"

namespace callgate::policy {

namespace {

// The clauses, and one without conditions for `otherwise`.
std::vector<Clause> all_clauses(const Decision& decision) {
  std::vector<Clause> clauses = decision.clauses;
  clauses.push_back({{}, decision.otherwise});
  return clauses;
}

bool satisfiable(const std::vector<Condition>& conditions) {
  CallRegion region;
  for (const Condition& condition : conditions) region.require(condition, true);
  return std::none_of(region.args.begin(), region.args.end(), [](const ArgRegion& arg) { return arg.empty(); });
}

// Nothing if it has too many clauses.
std::optional<Decision> combine_decisions(const Decision& a, const Decision& b, const Combiner& combiner) {
  if (a.is_constant() && b.is_constant()) return Decision{{}, combiner(a.otherwise, b.otherwise)};
  Decision out;
  const std::vector<Clause> clauses_a = all_clauses(a), clauses_b = all_clauses(b);
  for (const Clause& of_a : clauses_a)
    for (const Clause& of_b : clauses_b) {
      Clause both{of_a.conditions, combiner(of_a.action, of_b.action)};
      both.conditions.insert(both.conditions.end(), of_b.conditions.begin(), of_b.conditions.end());
      if (!of_a.conditions.empty() && !of_b.conditions.empty() && !satisfiable(both.conditions)) continue;
      out.clauses.push_back(std::move(both));
      if (out.clauses.size() > kMaxClauses) return std::nullopt;
    }
  constexpr std::size_t kWorthMinimising = 64;
  out = simplify(std::move(out));
  return out.clauses.size() <= kWorthMinimising ? minimise(std::move(out)) : out;
}

// Combines each pair of decisions once.
class Combination {
 public:
  Combination(const Policy& a, const Policy& b, const Combiner& combiner) : a_(a), b_(b), combiner_(combiner) {}

  std::optional<Policy> run() {
    const std::vector<AuditArch> tokens = tokens_of(a_, b_);
    // The unlisted token stands for `other`, whose runs are one: Policy::other is constant over numbers or has runs.
    Policy out;
    for (const AuditArch audit : tokens) {
      const bool listed = is_listed(a_, audit) || is_listed(b_, audit);
      std::vector<Run> runs;
      const bool good = for_each_range(
          audit, a_, b_, [&](SyscallNr first, SyscallNr last, const Decision& of_a, const Decision& of_b) {
            const auto id = decision(of_a, of_b);
            if (!id) return false;
            if (!runs.empty() && runs.back().decision == *id)
              runs.back().last = last;
            else
              runs.push_back({first, last, *id});
            return true;
          });
      if (!good) return std::nullopt;
      if (listed)
        out.archs.push_back({audit, std::move(runs)});
      else
        out.other = std::move(runs);
    }
    // A token that is answered as every other one need not be listed.
    std::erase_if(out.archs, [&](const ArchRuns& listed) { return listed.runs == out.other; });
    return renumber(std::move(out));
  }

 private:
  static bool is_listed(const Policy& policy, AuditArch audit) {
    return std::any_of(policy.archs.begin(), policy.archs.end(), [&](const ArchRuns& a) { return a.audit == audit; });
  }

  std::optional<DecisionId> decision(const Decision& of_a, const Decision& of_b) {
    const auto [at, fresh] = known_.try_emplace({&of_a, &of_b}, 0);
    if (!fresh) return at->second;
    auto made = combine_decisions(of_a, of_b, combiner_);
    if (!made) return std::nullopt;
    const auto [same, is_new] = ids_.try_emplace(*made, static_cast<DecisionId>(decisions_.size()));
    if (is_new) decisions_.push_back(std::move(*made));
    at->second = same->second;
    return same->second;
  }

  // By first use, as Builder does, so that equal functions of equal form are equal values.
  Policy renumber(Policy policy) {
    constexpr DecisionId kUnset = 0xffffffff;
    std::vector<DecisionId> fresh(decisions_.size(), kUnset);
    const auto use = [&](std::vector<Run>& runs) {
      for (Run& run : runs) {
        if (fresh[run.decision] == kUnset) {
          fresh[run.decision] = static_cast<DecisionId>(policy.decisions.size());
          policy.decisions.push_back(decisions_[run.decision]);
        }
        run.decision = fresh[run.decision];
      }
    };
    for (ArchRuns& listed : policy.archs) use(listed.runs);
    use(policy.other);
    return policy;
  }

  const Policy &a_, &b_;
  const Combiner& combiner_;
  std::map<std::pair<const Decision*, const Decision*>, DecisionId> known_;
  std::map<Decision, DecisionId> ids_;
  std::vector<Decision> decisions_;
};

Action smaller_kind_first(Action newest, Action older) {
  return older.kind < newest.kind ? older : newest;
}

}  // namespace

int permissiveness(ActionKind kind) {
  switch (kind) {
    case ActionKind::kill_process:
    case ActionKind::kill_thread:
    case ActionKind::trap:
    case ActionKind::errno_:
      return 0;
    case ActionKind::notify:
      return 1;
    case ActionKind::trace:
      return 2;
    case ActionKind::log:
    case ActionKind::allow:
      return 3;
  }
  return 0;
}

base::Result<Policy> combine(const Policy& a, const Policy& b, const Combiner& combiner) {
  auto policy = Combination(a, b, combiner).run();
  if (!policy)
    return base::fail(base::ErrorCode::limit,
                      "the combined policy has a call with more than " + std::to_string(kMaxClauses) + " clauses");
  return std::move(*policy);
}

base::Result<Policy> meet(const Policy& a, const Policy& b) {
  return combine(a, b, [](Action of_a, Action of_b) { return std::min(of_a, of_b); });
}

base::Result<Policy> join(const Policy& a, const Policy& b) {
  return combine(a, b, [](Action of_a, Action of_b) { return std::max(of_a, of_b); });
}

base::Result<Policy> stack(std::span<const Policy> newest_first) {
  base::Result<Policy> result = newest_first.front();
  for (const Policy& older : newest_first.subspan(1)) {
    result = combine(*result, older, smaller_kind_first);
    if (!result) break;
  }
  return result;
}

base::Result<Policy> subtract(const Policy& a, const Policy& b, Action denial) {
  return combine(a, b, [denial](Action of_a, Action of_b) {
    return !grants(of_a) || permissiveness(of_a.kind) > permissiveness(of_b.kind) ? of_a : denial;
  });
}

Policy complement(const Policy& a, Action denial) {
  Policy out = a;
  for (Decision& decision : out.decisions) {
    const auto turn = [&](Action& action) { action = grants(action) ? denial : kAllow; };
    for (Clause& clause : decision.clauses) turn(clause.action);
    turn(decision.otherwise);
  }
  // Decisions that have become alike are made one by combining with what changes nothing.
  const auto canonical = combine(out, out, [](Action of_a, Action) { return of_a; });
  return canonical ? *canonical : out;
}

}  // namespace callgate::policy
