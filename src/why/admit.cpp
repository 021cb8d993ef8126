// Several ways to write the same change are tried, the one with the least text first: a rule may count or not depending
// on what stands before it and on the engine that reads the file, so each is judged by what the mended text means.
// SPDX-License-Identifier: Apache-2.0
#include "why/admit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "lint/edits.h"
#include "lint/fix.h"
#include "lint/reached.h"
#include "lint/subject.h"
#include "policy/algebra.h"
#include "syntax/regions.h"
#include "syntax/words.h"
#include "text/node.h"
#include "why/cause.h"
#include "why/pins.h"

namespace callgate::why {

namespace {

using lint::Edit;
using policy::Condition;

std::string argument_json(const Condition& condition, std::string_view op) {
  if (condition.op == policy::Op::masked_eq)
    return fmt::format(R"({{"index": {}, "value": {}, "valueTwo": {}, "op": "SCMP_CMP_MASKED_EQ"}})", condition.arg,
                       condition.mask, condition.value);
  return fmt::format(R"({{"index": {}, "value": {}, "op": "{}"}})", condition.arg, condition.value, op);
}

std::string rule_json(std::string_view call, const std::vector<Condition>& pinned) {
  std::string out = fmt::format("{{\"names\": [\"{}\"], \"action\": \"SCMP_ACT_ALLOW\"", call);
  if (!pinned.empty()) {
    std::vector<std::string> parts;
    parts.reserve(pinned.size());
    for (const Condition& each : pinned) parts.push_back(argument_json(each, "SCMP_CMP_EQ"));
    out += fmt::format(R"(, "args": [{}])", fmt::join(parts, ", "));
  }
  return out + "}";
}

std::string words(const policy::Call& call, std::string_view name, const std::vector<Condition>& pinned) {
  const std::string when = syntax::describe_conditions(call.audit, call.nr, {pinned, policy::kAllow});
  return fmt::format("allow '{}'{}", name, when.empty() ? "" : " where " + when);
}

// The object that holds the rules: the file's own, or the part of an OCI configuration.
text::Node profile_object(text::Node root) {
  if (lint::find_field(root, "defaultAction") || lint::find_field(root, "syscalls")) return root;
  const text::Node linux_part = lint::find_field(root, "linux");
  return lint::find_field(linux_part, "seccomp");
}

bool is_empty(text::Node node) {
  return !node || node.is_null() || node.size() == 0;
}

bool allows_plainly(text::Node rule) {
  const text::Node action = lint::find_field(rule, "action");
  return action && action.is_string() && action.text() == "SCMP_ACT_ALLOW" &&
         is_empty(lint::find_field(rule, "args")) && is_empty(lint::find_field(rule, "includes")) &&
         is_empty(lint::find_field(rule, "excludes"));
}

// What may be done to the text; the rest is tried, not reasoned about.
class Ways {
 public:
  Ways(text::Node object, std::string_view call, const std::vector<Condition>& pinned, const Cause& cause)
      : object_(object), list_(lint::find_field(object, "syscalls")), call_(call), pinned_(pinned), cause_(cause) {}

  std::vector<std::vector<Edit>> all() const {
    std::vector<std::vector<Edit>> out;
    const std::string rule = rule_json(call_, pinned_);
    if (!list_ || !list_.is_array()) {
      if (!list_) out.push_back({new_member(rule)});
      return out;
    }
    if (pinned_.empty()) add_name(out);
    if (const auto taken = without_name()) {
      if (pinned_.empty()) out.push_back(*taken);
      if (const auto negated = narrowed()) out.push_back({*negated});
    }
    out.push_back({lint::append_element(list_, rule)});
    if (list_.size() > 0) {
      const Edit front = prepend(rule);
      out.push_back({front});
      if (auto taken = without_name(); taken && !touches(*taken, front)) {
        taken->push_back(front);
        out.push_back(*taken);
      }
    }
    return out;
  }

 private:
  static bool touches(const std::vector<Edit>& edits, const Edit& other) {
    return std::any_of(edits.begin(), edits.end(),
                       [&](const Edit& e) { return e.begin <= other.end && other.begin <= e.end; });
  }

  Edit new_member(std::string_view rule) const {
    const std::uint32_t at = object_.span().begin + 1;
    return {at, at, fmt::format("\n  \"syscalls\": [{}]{}", rule, object_.size() > 0 ? "," : "\n")};
  }

  // To the list of names of a rule that allows without conditions; the longest, where most calls of that kind stand.
  void add_name(std::vector<std::vector<Edit>>& out) const {
    text::Node best;
    for (const text::Node rule : list_) {
      if (!rule.is_object() || !allows_plainly(rule)) continue;
      const text::Node names = lint::find_field(rule, "names");
      if (names && names.is_array() && names.size() > (best ? best.size() : 0)) best = names;
    }
    if (best) out.push_back({lint::append_element(best, fmt::format("\"{}\"", call_))});
  }

  Edit prepend(std::string_view rule) const {
    const text::Node first = *list_.begin();
    const std::uint32_t begin = list_.span().begin + 1, at = first.span().begin;
    const std::string_view gap = list_.span().file->text().substr(begin, at - begin);
    return {at, at, fmt::format("{},{}", rule, gap.empty() ? " " : gap)};
  }

  text::Node deciding_rule() const {
    if (cause_.kind != CauseKind::rule) return {};
    for (const text::Node rule : list_)
      if (rule.is_object() && rule.span().begin == cause_.rule.begin) return rule;
    return {};
  }

  // The denying rule without this name, or without the rule where it is the only one.
  std::optional<std::vector<Edit>> without_name() const {
    const text::Node rule = deciding_rule();
    if (!rule) return std::nullopt;
    const text::Node names = lint::find_field(rule, "names");
    const bool several = names && names.is_array() && names.size() > 1;
    if (!several && list_.size() < 2) return std::vector<Edit>{{rule.span().begin, rule.span().end, {}}};
    std::vector<base::Span> spans;
    for (const text::Node each : several ? names : list_) spans.push_back(each.span());
    return std::vector<Edit>{lint::remove_one(spans, several ? cause_.span : rule.span())};
  }

  // The denying rule, if it asks for nothing, with one argument's other values alone.
  std::optional<Edit> narrowed() const {
    const text::Node rule = deciding_rule();
    const text::Node names = lint::find_field(rule, "names");
    if (pinned_.size() != 1 || pinned_[0].op != policy::Op::eq || !is_empty(lint::find_field(rule, "args")) ||
        (names && names.size() > 1))
      return std::nullopt;
    const std::uint32_t at = rule.span().end - 1;
    return Edit{at, at, fmt::format(R"(, "args": [{}])", argument_json(pinned_[0], "SCMP_CMP_NE"))};
  }

  text::Node object_, list_;
  std::string_view call_;
  const std::vector<Condition>& pinned_;
  const Cause& cause_;
};

struct Mended {
  std::vector<Edit> edits;
  std::string text;
  format::Profile profile;
  std::optional<policy::Call> excess;  // granted beyond the cube
};

std::optional<format::Profile> read(const base::SourceFile& file, format::ReadOptions options) {
  options.origins = true;
  base::Diagnostics ignored;
  auto profile = format::read_profile(file, options, ignored);
  return ignored.has_errors() ? std::nullopt : std::move(profile);
}

// The first way whose text means: as before, and the cube. Not `exact`: one that lets the call through at least.
std::optional<Mended> find_way(const base::SourceFile& file, const format::Profile& profile,
                               const format::ReadOptions& options, const policy::Call& call, const Ways& ways,
                               const Cube& wanted, bool exact) {
  const auto limit = policy::join(profile.policy, wanted.policy);
  if (!limit) return std::nullopt;
  for (std::vector<Edit>& edits : ways.all()) {
    std::string text = lint::apply_edits(file.text(), edits);
    const base::SourceFile candidate(file.name(), text);
    auto after = read(candidate, options);
    if (!after || !policy::grants(policy::evaluate(after->policy, call))) continue;
    const auto excess = policy::first_excess(after->policy, *limit);
    if (excess && exact) continue;
    after->origins.clear();  // they point into the candidate
    return Mended{std::move(edits), std::move(text), std::move(*after), excess};
  }
  return std::nullopt;
}

// Answers that are no grant, before or after, and still change: runc's stub moves with the newest call that is named.
std::vector<std::string> side_effects(const policy::Policy& before, const policy::Policy& after) {
  std::map<std::pair<policy::Action, policy::Action>, std::vector<std::string>> calls;
  for (const syntax::ChangedCall& each : syntax::changed_calls(policy::changes(before, after)))
    if (each.direction != policy::Direction::widened)
      calls[{each.before, each.after}].push_back(fmt::format("{} {}", each.arch, each.call));
  std::vector<std::string> out;
  for (const auto& [change, names] : calls)
    out.push_back(fmt::format("{}{} then {} instead of {}", names.front(),
                              names.size() > 1 ? fmt::format(" and {} other calls", names.size() - 1) : "",
                              policy::to_string(change.second), policy::to_string(change.first)));
  return out;
}

std::vector<std::string> risk_words(const std::vector<lint::Reached>& reached) {
  std::vector<std::string> out;
  for (const lint::Reached& each : reached) {
    const lint::Risk& risk = *each.risk;
    std::string text = fmt::format("{} ({}): {}", risk.rule, lint::name(risk.level), risk.why);
    if (!risk.capability.empty())
      text += fmt::format("; the kernel asks for {}{}", risk.capability,
                          risk.in_user_namespace ? ", in a user namespace of the program's own, too" : "");
    if (!risk.cves.empty())
      text += fmt::format("; {} known holes, {} among them", risk.cves.size(), risk.cves.back().id);
    out.push_back(std::move(text));
  }
  return out;
}

void note_reach(Admission& out, const policy::Call& call, const Cube& granted) {
  std::vector<std::string> others;
  for (const arch::Arch each : granted.archs)
    if (each != arch::of_call(call.audit, call.nr)) others.emplace_back(arch::info(each).name);
  if (!others.empty()) out.also.push_back(fmt::format("the rule holds on {} as well", fmt::join(others, " and ")));
  if (!granted.multiplexers.empty() && !out.pinned.empty())
    out.also.push_back(fmt::format("through {} the arguments cannot be asked for", granted.multiplexers.front()));
}

// Nothing where a profile in that format cannot admit it.
bool try_pins(Admission& out, const base::SourceFile& file, text::Node object, const format::Profile& profile,
              const format::ReadOptions& options, const policy::Call& call, const Cause& cause, bool exact) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  const Cube wanted = cube(call, out.pinned, profile.architectures);
  auto mended = find_way(file, profile, options, call, Ways(object, name, out.pinned, cause), wanted, exact);
  if (!mended) return false;
  out.what = words(call, name, out.pinned);
  out.rule = rule_json(name, out.pinned);
  out.edits = std::move(mended->edits);
  out.text = std::move(mended->text);
  note_reach(out, call, wanted);
  if (mended->excess)
    out.also.push_back(fmt::format("lets other calls through, too, such as {} {}",
                                   syntax::describe_arch(mended->excess->audit, mended->excess->nr),
                                   syntax::describe_call(*mended->excess)));
  for (std::string& each : side_effects(profile.policy, mended->profile.policy)) out.also.push_back(std::move(each));
  out.risks = risk_words(lint::reached(mended->profile.policy, profile.architectures, &profile.policy));
  return true;
}

std::optional<std::string> no_rule_says(const format::Profile& profile, const policy::Call& call, const Cause& cause) {
  if (arch::name_of_call(call.audit, call.nr).empty())
    return fmt::format("a profile names calls, and number {} has no name", call.nr);
  if (cause.kind == CauseKind::architecture)
    return fmt::format("the profile lists no {}; listed, it would get every call that is allowed elsewhere",
                       syntax::describe_arch(call.audit, call.nr));
  if (!profile.confined) return "the profile turns seccomp off";
  return std::nullopt;
}

}  // namespace

Admission admit(const base::SourceFile* file, const format::Profile& profile, const format::ReadOptions& options,
                const policy::Call& call, std::uint8_t known) {
  Admission out;
  const policy::Action action = policy::evaluate(profile.policy, call);
  const Cause cause = find_cause(profile, call, known, action);
  if (auto why_not = no_rule_says(profile, call, cause)) {
    out.why_not = std::move(*why_not);
    return out;
  }
  out.pinned = pins(call, known);
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  out.what = words(call, name, out.pinned);
  out.rule = rule_json(name, out.pinned);
  if (file == nullptr) {
    out.why_not = "the profile is no file of that kind; put the rule into one";
    out.risks = risks_of(call, known);
    return out;
  }
  base::Diagnostics ignored;
  const auto document = text::read_json(*file, ignored);
  const text::Node object = document ? profile_object(document->root()) : text::Node();
  if (!object) {
    out.why_not = "the profile is not written in JSON; put the rule into its list";
    out.risks = risks_of(call, known);
    return out;
  }
  if (try_pins(out, *file, object, profile, options, call, cause, true)) return out;
  const std::vector<Condition> pinned = std::exchange(out.pinned, {});
  out.exact = false;
  if (!pinned.empty() && try_pins(out, *file, object, profile, options, call, cause, true)) return out;
  out.pinned = pinned;
  if (try_pins(out, *file, object, profile, options, call, cause, false)) return out;
  out.why_not = "no single rule admits it under this engine";
  out.risks = risks_of(call, known);
  return out;
}

std::string admit_all(const base::SourceFile& file, const format::ReadOptions& options,
                      const std::vector<std::pair<policy::Call, std::uint8_t>>& calls) {
  std::string text;
  for (const auto& [call, known] : calls) {
    const base::SourceFile current(file.name(), text.empty() ? std::string(file.text()) : text);
    const auto profile = read(current, options);
    if (!profile || policy::grants(policy::evaluate(profile->policy, call))) continue;
    const Admission change = admit(&current, *profile, options, call, known);
    if (!change.edits.empty()) text = change.text;
  }
  return text;
}

std::vector<std::string> risks_of(const policy::Call& call, std::uint8_t known) {
  const auto which = arch::of_call(call.audit, call.nr);
  if (!which) return {};
  const std::vector<arch::Arch> archs{*which};
  return risk_words(lint::reached(cube(call, pins(call, known), archs).policy, archs));
}

}  // namespace callgate::why
