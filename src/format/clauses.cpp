// SPDX-License-Identifier: Apache-2.0
#include "format/clauses.h"

namespace callgate::format {

namespace {

constexpr std::uint64_t kLowWord = 0xffffffff;

// As libseccomp keeps it: the datum cut to the mask, both cut to 32 bits on 32-bit architectures (db.c,
// _db_rule_gen_32() and _db_node_mask_fixup()). Nothing for a masked comparison that asks for no bit.
std::optional<policy::Condition> kept(policy::Condition condition, Reading reading) {
  if (!reading.libseccomp) return condition;
  if (condition.op == policy::Op::masked_eq) {
    if (reading.low_word) condition.mask &= kLowWord;
    if (condition.mask == 0) return std::nullopt;
    condition.value &= condition.mask;
  } else if (reading.low_word) {
    condition.value &= kLowWord;
  }
  return condition;
}

}  // namespace

std::vector<policy::Clause> clauses_of(const RuntimeRules& rules, const RuntimeRule& rule,
                                       std::optional<std::uint32_t> selector, Reading reading) {
  std::vector<policy::Clause> clauses;
  const auto fresh = [&] {
    policy::Clause clause{{}, rule.action};
    if (selector) clause.conditions.push_back({0, policy::Op::eq, *selector});
    return clause;
  };
  policy::Clause all = fresh();
  for (std::uint32_t i = rule.conditions.begin; i < rule.conditions.end; ++i) {
    const policy::Condition& written = rules.conditions[i];
    std::optional<policy::Condition> condition;
    if (!selector || written.arg != 0) condition = kept(written, reading);
    policy::Clause one = fresh();
    policy::Clause& target = rule.any ? one : all;
    if (condition) target.conditions.push_back(*condition);
    if (rule.any) clauses.push_back(std::move(one));
  }
  if (!rule.any) clauses.push_back(std::move(all));
  return clauses;
}

std::optional<policy::Decision> decide(const RuntimeRules& rules, const std::vector<SpecName>& names,
                                       const std::vector<Mention>& mentions, Reading reading) {
  policy::Decision decision{{}, rules.fallback};
  for (const Mention& mention : mentions) {
    const RuntimeRule& rule = rules.rules[names[mention.name].rule];
    if (!rule.active) continue;
    for (policy::Clause& clause : clauses_of(rules, rule, mention.selector, reading)) {
      if (!clause.conditions.empty()) {
        decision.clauses.push_back(std::move(clause));
        continue;
      }
      if (reading.libseccomp) decision.clauses.clear();
      decision.otherwise = clause.action;
      return decision;
    }
  }
  if (decision.clauses.empty()) return std::nullopt;
  return decision;
}

}  // namespace callgate::format
