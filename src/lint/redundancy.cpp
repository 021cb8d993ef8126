// Mentions of calls that decide nothing: taken out, the policy stays the same.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/edits.h"
#include "lint/subject.h"

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
  explicit Redundancy(const Subject& subject) : subject_(subject), nodes_(subject.rule_nodes()) {}
  void run();

 private:
  void look_at(std::span<const RuleOrigin* const> same);
  Mention& mention(const RuleOrigin& origin);
  void report(text::Node rule, const std::vector<const Mention*>& useless);

  const Subject& subject_;
  std::vector<text::Node> nodes_;
  std::map<std::uint32_t, Mention> mentions_;  // by place of the name
};

Mention& Redundancy::mention(const RuleOrigin& origin) {
  return mentions_.try_emplace(origin.span.begin, Mention{origin.span, origin.rule, {}}).first->second;
}

policy::Decision decision_without(std::span<const RuleOrigin* const> same, const base::Span* left_out,
                                  policy::Action otherwise) {
  policy::Decision out{{}, otherwise};
  for (const RuleOrigin* each : same) {
    if (left_out != nullptr && each->span == *left_out) continue;
    if (each->clause.conditions.empty()) {
      out.otherwise = each->clause.action;
      break;
    }
    out.clauses.push_back(each->clause);
  }
  return out;
}

// Whether the number is answered alike without this mention: only calls for which it holds can tell.
bool useless(std::span<const RuleOrigin* const> same, const RuleOrigin& mention, const policy::Decision& whole,
             policy::Action otherwise) {
  const policy::Decision rest = decision_without(same, &mention.span, otherwise);
  return std::none_of(same.begin(), same.end(), [&](const RuleOrigin* each) {
    return each->span == mention.span && contrast_within(whole, rest, each->clause.conditions).has_value();
  });
}

// The origins of one number, in the order in which they are tried.
void Redundancy::look_at(std::span<const RuleOrigin* const> same) {
  const policy::Action otherwise = subject_.profile().default_action;
  // A name without a number of its own here (recv on x86_64) counts elsewhere.
  const auto own_number = [&](const RuleOrigin& origin) {
    const std::string_view quoted = origin.span.text();
    const std::string_view name = quoted.size() > 2 ? quoted.substr(1, quoted.size() - 2) : quoted;
    const auto& covered = subject_.profile().architectures;
    return std::any_of(covered.begin(), covered.end(), [&](arch::Arch a) { return arch::number(a, name).has_value(); });
  };
  const policy::Decision whole = decision_without(same, nullptr, otherwise);
  for (const RuleOrigin* each : same) {
    Mention& at = mention(*each);
    at.conditional = at.conditional || !each->clause.conditions.empty();
    if (!at.useless) continue;
    at.useless = same.size() > 1 && own_number(*each) && useless(same, *each, whole, otherwise);
    if (!at.useless) continue;
    const auto other = std::find_if(same.begin(), same.end(), [&](const RuleOrigin* o) { return o->span != at.span; });
    if (other == same.end()) continue;
    // The mention that is kept is the earliest; the other way round both would go.
    if (at.span.begin < (*other)->span.begin && !at.conditional) at.useless = false;
    if (at.conditional && std::any_of(same.begin(), same.end(), [&](const RuleOrigin* o) {
          return o->span.begin > at.span.begin && o->clause == each->clause;
        }))
      at.useless = false;
    at.decided_by = (*other)->span;
    if (gated(node_at(nodes_, (*other)->rule)) || gated(node_at(nodes_, at.rule))) at.useless = false;
    at.safe = at.safe && (*other)->clause.conditions.empty() && (*other)->clause.action == each->clause.action;
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
  } else if (const text::Node list = find_field(subject_.root, "syscalls"); list && list.size() > 1) {
    made.fix = Fix{"take the rule out", remove_elements(list, std::vector<base::Span>{rule.span()})};
  }
}

void Redundancy::run() {
  std::map<std::pair<policy::AuditArch, policy::SyscallNr>, std::vector<const RuleOrigin*>> by_number;
  for (const RuleOrigin& origin : subject_.profile().origins)
    if (origin.span.file != nullptr) by_number[{origin.audit, origin.nr}].push_back(&origin);
  for (const auto& [number, same] : by_number) look_at(same);
  std::map<std::uint32_t, std::vector<const Mention*>> by_rule;
  for (const auto& [place, each] : mentions_)
    if (each.useless) by_rule[each.rule.begin].push_back(&each);
  for (const auto& [place, useless] : by_rule) {
    const text::Node rule = node_at(nodes_, useless.front()->rule);
    // A rule of another action that is shadowed is told apart by the reader.
    const bool told = std::any_of(subject_.findings->begin(), subject_.findings->end(), [&](const Finding& f) {
      return f.rule->id == "shadowed" && f.span == useless.front()->span;
    });
    if (rule && !told) report(rule, useless);
  }
}

}  // namespace

void check_redundancy(const Subject& subject) {
  if (subject.root) Redundancy(subject).run();
}

}  // namespace callgate::lint
