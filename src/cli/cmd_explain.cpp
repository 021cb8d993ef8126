// callgate explain
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/explain.h"
#include "format/shipped.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

std::string in_text(const Subject& subject, const CallExplanation& e) {
  std::string out = fmt::format("{} ({:#x}, {})\n", e.name, e.nr, arch::info(e.arch).name);
  if (!e.rules.empty()) out += "  rules, in the order in which they are tried:\n";
  for (const RuleExplanation& rule : e.rules)
    fmt::format_to(std::back_inserter(out), "    {:<24} {} → {}\n", rule.place, rule.when,
                   policy::to_string(rule.action));
  if (e.enosys_above)
    fmt::format_to(std::back_inserter(out), "  {} answers numbers above {:#x} with ENOSYS\n", e.engine,
                   *e.enosys_above);
  for (const std::string& line : e.decision) fmt::format_to(std::back_inserter(out), "  {}\n", line);
  if (!e.default_place.empty())
    fmt::format_to(std::back_inserter(out), "  default: {} → {}\n", e.default_place,
                   policy::to_string(subject.profile.default_action));
  fmt::format_to(std::back_inserter(out), "  {}\n", e.cache);
  return out;
}

void in_json(const CallExplanation& e, base::JsonWriter& json) {
  json.begin_object().member("arch", arch::info(e.arch).name).member("call", e.name).member("nr", e.nr);
  json.key("rules").begin_array();
  for (const RuleExplanation& rule : e.rules)
    json.begin_object()
        .member("place", rule.place)
        .member("when", rule.when)
        .member("action", policy::to_string(rule.action))
        .end_object();
  json.end_array().key("decision").begin_array();
  for (const std::string& line : e.decision) json.value(line);
  json.end_array().member("cached", e.cached);
  if (e.enosys_above) json.member("enosys_above", *e.enosys_above);
  json.end_object();
}

int explain_call(Session& session, const Subject& subject, const format::ReadOptions& options,
                 std::span<const arch::Arch> archs) {
  const std::string& word = session.arguments().operands[1];
  std::string text;
  auto json = session.begin_json();
  json.member("profile", subject.name).key("calls").begin_array();
  bool found = false;
  int status = kYes;
  const auto filter = filter_of(session, subject, status);
  if (!filter) return status;
  for (const arch::Arch which : archs) {
    const auto nr = syntax::find_call(which, word);
    if (!nr) continue;
    found = true;
    const CallExplanation explanation = explain(subject, options, *filter, which, *nr);
    text += in_text(subject, explanation);
    in_json(explanation, json);
  }
  if (!found) {
    session.diagnostics().add(kNoSuchCall, {},
                              fmt::format("no architecture of the profile has a call '{}'", base::printable(word)),
                              syntax::suggestion(arch::suggest_name(word)));
    return kBadInput;
  }
  json.end_array();
  if (session.json())
    session.print(json);
  else
    session.print(text);
  return kYes;
}

// What filters answer to all calls of architectures that they do not ask about.
std::optional<policy::Action> other_action(const Subject& subject) {
  if (subject.is_policy || subject.profile.architectures.empty()) return std::nullopt;
  const policy::Policy& policy = subject.profile.policy;
  const policy::Decision& decision = policy.decisions[policy.other.front().decision];
  if (policy.other.size() > 1 || !decision.is_constant()) return std::nullopt;
  return decision.otherwise;
}

void summary_json(Session& session, const Subject& subject, const std::vector<ArchSummary>& all) {
  auto json = session.begin_json();
  json.member("profile", subject.name).member("confined", subject.profile.confined || !subject.is_policy);
  json.key("architectures").begin_array();
  for (const ArchSummary& each : all) {
    json.begin_object().member("name", arch::info(each.arch).name).key("actions").begin_array();
    for (const auto& [action, calls] : each.actions) {
      json.begin_object().member("action", policy::to_string(action)).key("calls").begin_array();
      for (const std::string& call : calls) json.value(call);
      json.end_array().end_object();
    }
    json.end_array().key("conditional").begin_array();
    for (const auto& [call, lines] : each.conditional) {
      json.begin_object().member("call", call).key("decision").begin_array();
      for (const std::string& line : lines) json.value(line);
      json.end_array().end_object();
    }
    json.end_array().key("unnamed").begin_array();
    for (const std::string& range : each.unnamed) json.value(range);
    json.end_array().end_object();
  }
  json.end_array();
  if (const auto other = other_action(subject)) json.member("other_architectures", policy::to_string(*other));
  session.print(json);
}

std::string other_text(const Subject& subject) {
  const auto other = other_action(subject);
  return other ? fmt::format("other architectures: {}\n", policy::to_string(*other)) : "";
}

std::string summary_text(const std::vector<ArchSummary>& all) {
  std::string out;
  for (const ArchSummary& each : all) {
    fmt::format_to(std::back_inserter(out), "{}\n", arch::info(each.arch).name);
    for (const auto& [action, calls] : each.actions) {
      fmt::format_to(std::back_inserter(out), "  {}: {} {}\n", policy::to_string(action), calls.size(),
                     calls.size() == 1 ? "call" : "calls");
      out += columns(calls, 4);
    }
    if (!each.conditional.empty())
      fmt::format_to(std::back_inserter(out), "  by arguments: {} {}\n", each.conditional.size(),
                     each.conditional.size() == 1 ? "call" : "calls");
    for (const auto& [call, lines] : each.conditional) {
      fmt::format_to(std::back_inserter(out), "    {}\n", call);
      for (const std::string& line : lines) fmt::format_to(std::back_inserter(out), "      {}\n", line);
    }
    for (const std::string& range : each.unnamed) fmt::format_to(std::back_inserter(out), "  {}\n", range);
  }
  return out;
}

int list_profiles(Session& session) {
  std::vector<std::pair<std::string_view, std::string_view>> rows{{"unconfined", "no filter"}};
  for (const format::BuiltIn& each : format::builtin_profiles()) rows.emplace_back(each.name, each.what);
  for (const format::ShippedProfile& each : format::shipped_profiles()) rows.emplace_back(each.name, each.what);
  std::sort(rows.begin(), rows.end());
  std::string text;
  auto json = session.begin_json();
  json.key("profiles").begin_array();
  for (const auto& [name, what] : rows) {
    fmt::format_to(std::back_inserter(text), "{:<24} {}\n", name, what);
    json.begin_object().member("name", name).member("what", what).end_object();
  }
  json.end_array();
  if (session.json())
    session.print(json);
  else
    session.print(text);
  return kYes;
}

}  // namespace

int explain_command(Session& session) {
  const std::size_t words = session.arguments().operands.size();
  if (session.arguments().has("list"))
    return words == 0 ? list_profiles(session) : session.usage(kBadOperands, "--list takes no PROFILE");
  if (words == 0) return session.usage(kBadOperands, "'explain' needs PROFILE, or --list");
  auto options = read_options(session);
  if (!options) return kUsage;
  options->origins = true;
  int status = kYes;
  auto subject = load(session, session.arguments().operands[0], *options, status);
  if (!subject) return status;
  // A call can be looked up in a filter that is no policy, too; a summary cannot do without.
  if (!subject->is_policy)
    if (const auto done = decompile_into(*subject); !done && words == 1) return session.fail(done.error());
  std::vector<arch::Arch> archs = options->architectures;
  if (archs.empty()) archs = subject->profile.architectures;
  if (archs.empty()) archs.push_back(options->native);
  if (words > 1) return explain_call(session, *subject, *options, archs);
  std::vector<ArchSummary> all;
  all.reserve(archs.size());
  for (const arch::Arch which : archs) all.push_back(summarize(subject->profile.policy, which));
  if (session.json())
    summary_json(session, *subject, all);
  else
    session.print(summary_text(all) + other_text(*subject));
  return kYes;
}

}  // namespace callgate::cli
