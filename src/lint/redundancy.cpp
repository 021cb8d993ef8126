// Mentions of calls that decide nothing: taken out, the policy stays the same.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/edits.h"
#include "lint/subject.h"
#include "policy/meeting.h"

namespace callgate::lint {

namespace {

using format::RuleOrigin;

bool gated(text::Node rule) {
  for (const std::string_view field : {"includes", "excludes"})
    if (const text::Node gate = find_field(rule, field); gate && gate.is_object() && gate.size() > 0) return true;
  return false;
}

// One name in the file: what it comes to on every architecture and number.
struct Mention {
  base::Span span, rule, decided_by;
  bool useless = true, conditional = false, safe = true;
};

class Redundancy {
 public:
  explicit Redundancy(const Subject& subject) : subject_(subject) {
    if (const text::Node list = find_field(subject_.root, "syscalls"); list && list.is_array())
      for (const text::Node each : list) rules_.push_back(each.span());
    for (const text::Node& each : subject.rule_nodes()) nodes_.emplace(each.span().begin, each);
  }
  void run();

 private:
  void look_at(std::span<const RuleOrigin* const> same);
  Mention& mention(const RuleOrigin& origin);
  text::Node node_of(const base::Span& rule) const;
  bool is_gated(const base::Span& rule);
  void report(text::Node rule, const std::vector<const Mention*>& useless);

  const Subject& subject_;
  std::vector<base::Span> rules_;
  std::map<std::uint32_t, text::Node> nodes_;  // the rules, by place
  std::map<std::uint32_t, bool> gated_;        // of these, those asked for
  std::map<std::uint32_t, Mention> mentions_;  // by place of the name
};

Mention& Redundancy::mention(const RuleOrigin& origin) {
  return mentions_.try_emplace(origin.span.begin, Mention{origin.span, origin.rule, {}}).first->second;
}

text::Node Redundancy::node_of(const base::Span& rule) const {
  const auto found = nodes_.find(rule.begin);
  return found == nodes_.end() ? text::Node() : found->second;
}

bool Redundancy::is_gated(const base::Span& rule) {
  const auto [at, fresh] = gated_.try_emplace(rule.begin, false);
  if (fresh) at->second = gated(node_of(rule));
  return at->second;
}

// The origins of one number, in the order in which they are tried.
class SameNumber {
  static constexpr std::size_t kComparisonsPerClause = 8;  // what deciding a few of them together is worth

 public:
  explicit SameNumber(std::span<const RuleOrigin* const> origins) : origins_(origins), index_(clauses_of(origins)) {
    for (std::size_t i = 0; i < origins.size(); ++i) {
      by_place_[origins[i]->span.begin].push_back(i);
      std::uint32_t& last = last_of_[origins[i]->clause];
      last = std::max(last, origins[i]->span.begin);
    }
  }

  // Whether the number is answered alike without this mention: only calls for which it holds can tell.
  bool useless(const RuleOrigin& mention, policy::Action otherwise, std::size_t& budget) const {
    const auto& own = by_place_.at(mention.span.begin);
    return std::all_of(own.begin(), own.end(), [&](std::size_t i) {
      const policy::Clause& clause = origins_[i]->clause;
      const auto met = index_.with(clause, budget);
      if (!met) return false;
      budget -= std::min(budget, met->size() * kComparisonsPerClause);
      const policy::Decision whole = decision(*met, nullptr, otherwise), rest = decision(*met, &mention, otherwise);
      return !contrast_within(whole, rest, clause.conditions).has_value();
    });
  }
  // Whether a later mention says exactly the same.
  bool said_again(const RuleOrigin& origin) const { return last_of_.at(origin.clause) > origin.span.begin; }
  // The first of another mention.
  const RuleOrigin* other_than(const base::Span& span) const {
    const auto at =
        std::find_if(origins_.begin(), origins_.end(), [&](const RuleOrigin* o) { return o->span != span; });
    return at == origins_.end() ? nullptr : *at;
  }

 private:
  // Behind two mentions without conditions nothing counts, whichever of them is left out.
  static std::vector<const policy::Clause*> clauses_of(std::span<const RuleOrigin* const> origins) {
    std::vector<const policy::Clause*> out;
    const RuleOrigin* always = nullptr;
    for (const RuleOrigin* each : origins) {
      out.push_back(&each->clause);
      if (!each->clause.conditions.empty()) continue;
      if (always != nullptr && always->span != each->span) break;
      always = each;
    }
    return out;
  }
  policy::Decision decision(const std::vector<std::size_t>& of, const RuleOrigin* left_out,
                            policy::Action otherwise) const {
    policy::Decision out{{}, otherwise};
    for (const std::size_t i : of) {
      const RuleOrigin& each = *origins_[i];
      if (left_out != nullptr && each.span == left_out->span) continue;
      if (each.clause.conditions.empty()) {
        out.otherwise = each.clause.action;
        break;
      }
      out.clauses.push_back(each.clause);
    }
    return out;
  }

  std::span<const RuleOrigin* const> origins_;
  policy::MeetingClauses index_;
  std::map<std::uint32_t, std::vector<std::size_t>> by_place_;
  std::map<policy::Clause, std::uint32_t> last_of_;  // place of the last mention that says it
};

void Redundancy::look_at(std::span<const RuleOrigin* const> same) {
  constexpr std::size_t kMostComparisons = 8'000'000;  // beyond, mentions are taken to count
  const policy::Action otherwise = subject_.profile().default_action;
  // A name without a number of its own here (recv on x86_64) counts elsewhere.
  const auto own_number = [&](const RuleOrigin& origin) {
    const std::string_view quoted = origin.span.text();
    const std::string_view name = quoted.size() > 2 ? quoted.substr(1, quoted.size() - 2) : quoted;
    const auto& covered = subject_.profile().architectures;
    return std::any_of(covered.begin(), covered.end(), [&](arch::Arch a) { return arch::number(a, name).has_value(); });
  };
  const SameNumber number(same);
  std::size_t budget = kMostComparisons;
  for (const RuleOrigin* each : same) {
    Mention& at = mention(*each);
    at.conditional = at.conditional || !each->clause.conditions.empty();
    if (!at.useless) continue;
    at.useless = same.size() > 1 && own_number(*each) && number.useless(*each, otherwise, budget);
    if (!at.useless) continue;
    const RuleOrigin* const other = number.other_than(at.span);
    if (other == nullptr) continue;
    // The mention that is kept is the earliest; the other way round both would go.
    if (at.span.begin < other->span.begin && !at.conditional) at.useless = false;
    if (at.conditional && number.said_again(*each)) at.useless = false;
    at.decided_by = other->span;
    if (is_gated(other->rule) || is_gated(at.rule)) at.useless = false;
    at.safe = at.safe && other->clause.conditions.empty() && other->clause.action == each->clause.action;
  }
}

void Redundancy::report(text::Node rule, const std::vector<const Mention*>& useless) {
  std::vector<std::string> calls;
  bool conditional = false, safe = subject_.editable;
  std::vector<base::Span> spans;
  for (const Mention* each : useless) {
    const std::string_view quoted = each->span.text();
    calls.emplace_back(quoted.size() > 2 ? quoted.substr(1, quoted.size() - 2) : quoted);
    conditional = conditional || each->conditional;
    safe = safe && each->safe;
    spans.push_back(each->span);
  }
  Finding& made =
      subject_.add(conditional ? "no-effect" : "duplicate-call", useless.front()->span,
                   fmt::format("{} {} decided by another rule already", join(calls), calls.size() == 1 ? "is" : "are"),
                   "take the name out, or the rule if it has no other");
  made.notes.push_back({useless.front()->decided_by, "decided here"});
  if (const auto nr = arch::number(subject_.primary, calls.front()))
    made.witness = Witness{subject_.answer({arch::info(subject_.primary).audit, *nr, {}}), std::nullopt};
  const text::Node names = find_field(rule, "names");
  if (!safe || conditional || !names || !names.is_array()) return;
  if (spans.size() < names.size()) {
    made.fix = Fix{"take the names out", remove_elements(names, spans)};
  } else if (rules_.size() > 1) {
    made.fix = Fix{"take the rule out", {remove_one(rules_, rule.span())}};
  }
}

void Redundancy::run() {
  std::map<std::pair<policy::AuditArch, policy::SyscallNr>, std::vector<const RuleOrigin*>> by_number;
  for (const RuleOrigin& origin : subject_.profile().origins)
    if (origin.span.file != nullptr) by_number[{origin.audit, origin.nr}].push_back(&origin);
  for (const auto& [number, same] : by_number) look_at(same);
  // A rule of another action that is shadowed is told apart by the reader.
  std::set<std::uint32_t> shadowed;
  for (const Finding& each : *subject_.findings)
    if (each.rule->id == "shadowed") shadowed.insert(each.span.begin);
  std::map<std::uint32_t, std::vector<const Mention*>> by_rule;
  for (const auto& [place, each] : mentions_)
    if (each.useless) by_rule[each.rule.begin].push_back(&each);
  for (const auto& [place, useless] : by_rule) {
    const text::Node rule = node_of(useless.front()->rule);
    if (rule && !shadowed.contains(useless.front()->span.begin)) report(rule, useless);
  }
}

}  // namespace

void check_redundancy(const Subject& subject) {
  if (subject.root) Redundancy(subject).run();
}

}  // namespace callgate::lint
