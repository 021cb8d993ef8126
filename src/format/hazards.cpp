// SPDX-License-Identifier: Apache-2.0
#include "format/hazards.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/clauses.h"
#include "format/diagnostic_ids.h"
#include "format/engine.h"
#include "policy/meeting.h"

namespace callgate::format {

namespace {

class Hazards {
 public:
  Hazards(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
          const std::vector<arch::Arch>& architectures, Reporter& report)
      : rules_(rules), names_(names), chains_(chains), architectures_(architectures), report_(report) {}
  void run();

 private:
  const RuntimeRule& rule_of(std::uint32_t mention) const { return rules_.rules[names_[mention].rule]; }
  std::string_view call(std::uint32_t mention) const { return arch::name(names_[mention].id); }
  void look_at(std::uint32_t first);
  void shadows(const std::vector<std::uint32_t>& active);
  void overlaps(const std::vector<std::uint32_t>& active);
  void through_multiplexer(std::uint32_t mention);
  void high_words();

  const RuntimeRules& rules_;
  const std::vector<SpecName>& names_;
  const NameChains& chains_;
  const std::vector<arch::Arch>& architectures_;
  Reporter& report_;
};

void Hazards::run() {
  for (std::uint32_t i = 0; i < names_.size(); ++i) {
    const bool alone = chains_.next(i) == NameChains::kEnd;
    if (chains_.first(names_[i].id) != i || (alone && rule_of(i).conditions.size() == 0)) continue;
    look_at(i);
  }
  if (std::any_of(architectures_.begin(), architectures_.end(), low_word_only)) high_words();
}

void Hazards::look_at(std::uint32_t first) {
  std::vector<std::uint32_t> active;
  bool conditions = false;
  for (std::uint32_t at = first; at != NameChains::kEnd; at = chains_.next(at)) {
    if (!rule_of(at).active) continue;
    active.push_back(at);
    conditions = conditions || rule_of(at).conditions.size() > 0;
  }
  if (active.empty()) return;
  const auto always =
      std::find_if(active.begin(), active.end(), [&](std::uint32_t m) { return rule_of(m).conditions.size() == 0; });
  if (always != active.end()) {
    // The one that counts stands first in what follows.
    std::rotate(active.begin(), always, always + 1);
    shadows(active);
    return;
  }
  overlaps(active);
  if (conditions) through_multiplexer(active.front());
}

void Hazards::shadows(const std::vector<std::uint32_t>& active) {
  const std::uint32_t winner = active.front();
  for (std::size_t i = 1; i < active.size(); ++i) {
    const RuntimeRule& rule = rule_of(active[i]);
    if (rule.action == rule_of(winner).action) continue;
    const bool conditional = rule.conditions.size() > 0;
    auto& d =
        report_.skipped(conditional ? kUnconditionalWins : kRuleShadowed, names_[active[i]].span,
                        fmt::format("this rule on '{}' has no effect: a rule without conditions decides the call{}",
                                    call(active[i]), conditional ? ", whatever the order" : " first"));
    if (names_[winner].span.file != nullptr) d.notes.push_back({names_[winner].span, "decided here"});
  }
}

void Hazards::overlaps(const std::vector<std::uint32_t>& active) {
  constexpr std::size_t kMostComparisons = 4'000'000;
  const auto another = std::find_if(active.begin(), active.end(), [&](std::uint32_t m) {
    return rule_of(m).action != rule_of(active.front()).action;
  });
  if (another == active.end()) return;
  std::vector<std::pair<std::uint32_t, policy::Clause>> all;  // with the mention
  for (const std::uint32_t m : active)
    for (policy::Clause& clause : clauses_of(rules_, rule_of(m), std::nullopt, {}))
      all.emplace_back(m, std::move(clause));
  std::vector<const policy::Clause*> clauses;
  for (const auto& [m, clause] : all) clauses.push_back(&clause);
  const policy::MeetingClauses index(std::move(clauses));
  std::size_t budget = kMostComparisons;
  for (const auto& [earlier, clause] : all) {
    const auto met = index.with(clause, budget);
    if (!met) break;
    for (const std::size_t i : *met) {
      const std::uint32_t later = all[i].first;
      if (later <= earlier || all[i].second.action == clause.action) continue;
      auto& d = report_.add(kOverlap, names_[later].span,
                            fmt::format("rules with different actions hold for '{}' at once; the earlier one is taken "
                                        "to count, libseccomp does not promise it",
                                        call(later)));
      if (names_[earlier].span.file != nullptr) d.notes.push_back({names_[earlier].span, "the earlier one"});
      return;
    }
  }
  if (budget > 0) return;
  report_.add(
      kOverlap, names_[*another].span,
      fmt::format("of the {} rules for '{}' those with different actions may hold at once (there are too many to "
                  "compare them all); the earlier one is taken to count, libseccomp does not promise it",
                  active.size(), call(*another)));
}

void Hazards::through_multiplexer(std::uint32_t mention) {
  std::string where;
  arch::NameId multiplexer{};
  for (const arch::Arch one : architectures_) {
    const auto how = arch::multiplexed(one, names_[mention].id);
    if (!how) continue;
    if (!where.empty()) where += ", ";
    where += arch::info(one).name;
    multiplexer = how->multiplexer;
  }
  if (where.empty()) return;
  report_.skipped(kMultiplexed, names_[mention].span,
                  fmt::format("on {} '{}' can be made through '{}', where its arguments cannot be seen", where,
                              call(mention), arch::name(multiplexer)));
}

void Hazards::high_words() {
  constexpr std::uint64_t kHigh = 0xffffffff00000000;
  for (const RuntimeRule& rule : rules_.rules) {
    if (!rule.active) continue;
    for (std::uint32_t i = rule.conditions.begin; i < rule.conditions.end; ++i) {
      const policy::Condition& c = rules_.conditions[i];
      const bool high = c.op == policy::Op::masked_eq ? (c.value & c.mask & kHigh) != 0 : (c.value & kHigh) != 0;
      if (!high) continue;
      report_.skipped(kHighWordIgnored, rule.span,
                      fmt::format("on 32-bit architectures and x32 only the low half of {:#x} is compared", c.value));
      return;
    }
  }
}

}  // namespace

void warn_of_hazards(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
                     const std::vector<arch::Arch>& architectures, Reporter& report) {
  Hazards(rules, names, chains, architectures, report).run();
}

}  // namespace callgate::format
