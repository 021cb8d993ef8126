// SPDX-License-Identifier: Apache-2.0
#include "format/hazards.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/clauses.h"
#include "format/diagnostic_ids.h"
#include "format/engine.h"
#include "policy/region.h"

namespace callgate::format {

namespace {

// Whether some call satisfies both clauses.
bool overlap(const policy::Clause& a, const policy::Clause& b) {
  policy::CallRegion region;
  for (const policy::Clause* clause : {&a, &b})
    for (const policy::Condition& condition : clause->conditions) region.require(condition, true);
  return std::none_of(region.args.begin(), region.args.end(), [](const policy::ArgRegion& r) { return r.empty(); });
}

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
  const bool alike = std::all_of(active.begin(), active.end(),
                                 [&](std::uint32_t m) { return rule_of(m).action == rule_of(active.front()).action; });
  if (alike) return;
  for (std::size_t i = 0; i < active.size(); ++i) {
    for (std::size_t j = i + 1; j < active.size(); ++j) {
      const RuntimeRule &a = rule_of(active[i]), &b = rule_of(active[j]);
      if (a.action == b.action) continue;
      bool meet = false;
      for (const policy::Clause& x : clauses_of(rules_, a, std::nullopt, {}))
        for (const policy::Clause& y : clauses_of(rules_, b, std::nullopt, {})) meet = meet || overlap(x, y);
      if (!meet) continue;
      auto& d = report_.add(kOverlap, names_[active[j]].span,
                            fmt::format("rules with different actions hold for '{}' at once; the earlier one is taken "
                                        "to count, libseccomp does not promise it",
                                        call(active[j])));
      if (names_[active[i]].span.file != nullptr) d.notes.push_back({names_[active[i]].span, "the earlier one"});
      return;
    }
  }
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
