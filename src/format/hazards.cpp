// SPDX-License-Identifier: Apache-2.0
#include "format/hazards.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

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

// Clauses that may hold at once with a given one: where they ask for another value of `arg` they do not.
class Partners {
 public:
  struct Item {
    std::uint32_t mention;
    policy::Clause clause;
  };
  explicit Partners(std::vector<Item> items) : items_(std::move(items)) {
    std::array<std::size_t, 6> count{};
    for (const Item& item : items_)
      for (const policy::Condition& c : item.clause.conditions) count[c.arg] += c.op == policy::Op::eq ? 1 : 0;
    arg_ = static_cast<std::size_t>(std::max_element(count.begin(), count.end()) - count.begin());
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (const auto value = asked_for(items_[i].clause))
        by_value_[*value].push_back(i);
      else
        others_.push_back(i);
  }

  const std::vector<Item>& items() const { return items_; }

  // The first after `of` that has another action and holds at once with it. Each comparison is taken off `budget`.
  std::optional<std::size_t> first(std::size_t of, std::size_t& budget) const {
    const auto value = asked_for(items_[of].clause);
    std::optional<std::size_t> found = value ? first_in(by_value_.at(*value), of, budget) : std::nullopt;
    const auto keep = [&](std::optional<std::size_t> other) {
      if (other && (!found || *other < *found)) found = other;
    };
    keep(first_in(others_, of, budget));
    if (!value)
      for (const auto& [unused, same] : by_value_) keep(first_in(same, of, budget));
    return found;
  }

 private:
  std::optional<std::uint64_t> asked_for(const policy::Clause& clause) const {
    for (const policy::Condition& c : clause.conditions)
      if (c.arg == arg_ && c.op == policy::Op::eq) return c.value;
    return std::nullopt;
  }

  std::optional<std::size_t> first_in(const std::vector<std::size_t>& sorted, std::size_t of,
                                      std::size_t& budget) const {
    for (auto at = std::upper_bound(sorted.begin(), sorted.end(), of); at != sorted.end() && budget > 0; ++at) {
      --budget;
      if (items_[*at].clause.action != items_[of].clause.action && overlap(items_[*at].clause, items_[of].clause))
        return *at;
    }
    return std::nullopt;
  }

  std::vector<Item> items_;
  std::size_t arg_ = 0;
  std::map<std::uint64_t, std::vector<std::size_t>> by_value_;
  std::vector<std::size_t> others_;
};

void Hazards::overlaps(const std::vector<std::uint32_t>& active) {
  constexpr std::size_t kMostComparisons = 4'000'000;
  const auto another = std::find_if(active.begin(), active.end(), [&](std::uint32_t m) {
    return rule_of(m).action != rule_of(active.front()).action;
  });
  if (another == active.end()) return;
  std::vector<Partners::Item> items;
  for (const std::uint32_t m : active)
    for (policy::Clause& clause : clauses_of(rules_, rule_of(m), std::nullopt, {}))
      items.push_back({m, std::move(clause)});
  const Partners partners(std::move(items));
  std::size_t budget = kMostComparisons;
  for (std::size_t i = 0; i < partners.items().size() && budget > 0; ++i) {
    const auto other = partners.first(i, budget);
    if (!other) continue;
    const std::uint32_t earlier = partners.items()[i].mention, later = partners.items()[*other].mention;
    auto& d = report_.add(kOverlap, names_[later].span,
                          fmt::format("rules with different actions hold for '{}' at once; the earlier one is taken "
                                      "to count, libseccomp does not promise it",
                                      call(later)));
    if (names_[earlier].span.file != nullptr) d.notes.push_back({names_[earlier].span, "the earlier one"});
    return;
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
