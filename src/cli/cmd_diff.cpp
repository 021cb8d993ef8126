// callgate diff: every difference between two profiles or filters, in words.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/pair.h"
#include "lint/reached.h"
#include "policy/changes.h"
#include "syntax/regions.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

using policy::Direction;
using syntax::ChangedCall;

constexpr std::array kDirections{Direction::widened, Direction::narrowed, Direction::changed};

std::string_view name(Direction direction) {
  constexpr std::array<std::string_view, 3> kNames{"widened", "narrowed", "changed"};
  return kNames[static_cast<std::size_t>(direction)];
}

std::string_view meaning(Direction direction) {
  constexpr std::array<std::string_view, 3> kMeanings{"B lets more through", "B lets less through",
                                                      "refused, or let through, in another way"};
  return kMeanings[static_cast<std::size_t>(direction)];
}

// Whole calls by what becomes of them, then those that change for some arguments only.
std::string text_of(const std::vector<const ChangedCall*>& calls) {
  std::map<std::pair<policy::Action, policy::Action>, std::vector<std::string>> whole, unnamed;
  std::string partial;
  for (const ChangedCall* const call : calls) {
    if (call->region.empty()) {
      (call->named ? whole : unnamed)[{call->before, call->after}].push_back(call->call);
    } else {
      fmt::format_to(std::back_inserter(partial), "    {}: {}: {} → {}\n      for instance {}\n", call->call,
                     call->region, policy::to_string(call->before), policy::to_string(call->after),
                     syntax::describe_call(call->witness));
    }
  }
  std::string out;
  for (auto& [actions, names] : whole) {
    const std::string before = policy::to_string(actions.first), after = policy::to_string(actions.second);
    if (names.size() == 1 && names[0] == syntax::kEveryCall) {
      fmt::format_to(std::back_inserter(out), "    {} → {}: {}\n", before, after, names[0]);
      continue;
    }
    fmt::format_to(std::back_inserter(out), "    {} → {}: {} {}\n", before, after, names.size(),
                   names.size() == 1 ? "call" : "calls");
    out += columns(names, 6);
  }
  for (auto& [actions, ranges] : unnamed) {
    constexpr std::size_t kShown = 6;
    const std::size_t more = ranges.size() - std::min(ranges.size(), kShown);
    ranges.resize(ranges.size() - more);
    fmt::format_to(std::back_inserter(out), "    {} → {}: numbers that no call has\n", policy::to_string(actions.first),
                   policy::to_string(actions.second));
    if (more > 0) ranges.push_back(fmt::format("and {} more", more));
    out += columns(ranges, 6);
  }
  return out + partial;
}

// Architectures that change alike are told once.
std::string section(const std::vector<ChangedCall>& all, Direction direction) {
  std::vector<std::pair<std::string, std::vector<const ChangedCall*>>> by_arch;
  std::size_t count = 0;
  for (const ChangedCall& call : all) {
    if (call.direction != direction) continue;
    ++count;
    if (by_arch.empty() || by_arch.back().first != call.arch) {
      const auto found =
          std::find_if(by_arch.begin(), by_arch.end(), [&](const auto& x) { return x.first == call.arch; });
      if (found != by_arch.end()) {
        found->second.push_back(&call);
        continue;
      }
      by_arch.push_back({call.arch, {}});
    }
    by_arch.back().second.push_back(&call);
  }
  if (count == 0) return {};
  std::vector<std::pair<std::string, std::string>> told;  // text, architectures
  for (const auto& [arch, calls] : by_arch) {
    const std::string text = text_of(calls);
    const auto same = std::find_if(told.begin(), told.end(), [&](const auto& x) { return x.first == text; });
    if (same != told.end())
      same->second += ", " + arch;
    else
      told.emplace_back(text, arch);
  }
  std::string out = fmt::format("{}: {}\n", name(direction), meaning(direction));
  for (const auto& [text, archs] : told) out += fmt::format("  {}\n{}", archs, text);
  return out;
}

// Architectures with a call table that either side lists.
std::vector<arch::Arch> architectures(const Pair& pair) {
  std::vector<arch::Arch> out;
  for (const arch::ArchInfo& info : arch::all())
    for (const policy::Policy* const policy : {&pair.policy_a, &pair.policy_b})
      if (info.has_table && (out.empty() || out.back() != info.arch) &&
          std::ranges::any_of(policy->archs, [&](const auto& listed) { return listed.audit == info.audit; }))
        out.push_back(info.arch);
  return out;
}

// Gravest first.
std::vector<lint::Reached> new_risks(const Pair& pair) {
  auto risks = lint::reached(pair.policy_b, architectures(pair), &pair.policy_a);
  std::ranges::stable_sort(risks, std::greater<>{}, [](const lint::Reached& each) { return each.risk->level; });
  return risks;
}

std::string risk_section(const std::vector<lint::Reached>& risks) {
  if (risks.empty()) return {};
  std::string out = "risks: what B makes possible and A does not\n";
  for (const lint::Reached& each : risks)
    fmt::format_to(std::back_inserter(out), "  {}: {}: {}\n", lint::name(each.risk->level), each.risk->title,
                   fmt::join(each.calls, ", "));
  return out;
}

std::string text(const Pair& pair, const std::vector<ChangedCall>& all) {
  if (all.empty())
    return fmt::format("no difference: {} and {} answer alike on every call\n", pair.a.name, pair.b.name);
  std::string out = fmt::format("A {}\nB {}\n", pair.describe_a(), pair.describe_b());
  out += risk_section(new_risks(pair));
  for (const Direction direction : kDirections) out += section(all, direction);
  return out;
}

void to_json(base::JsonWriter& json, const ChangedCall& call) {
  json.begin_object().member("arch", call.arch).member("call", call.call);
  json.member("nr", call.first).member("last_nr", call.last).member("region", call.region);
  json.member("before", policy::to_string(call.before)).member("after", policy::to_string(call.after));
  json.key("witness");
  witness_json(json, call.witness, call.before, call.after);
  json.end_object();
}

void print_json(Session& session, const Pair& pair, const std::vector<ChangedCall>& all) {
  auto json = session.begin_json();
  pair.to_json(json);
  json.member("equal", all.empty());
  for (const Direction direction : kDirections) {
    json.key(name(direction)).begin_array();
    for (const ChangedCall& call : all)
      if (call.direction == direction) to_json(json, call);
    json.end_array();
  }
  json.key("risks").begin_array();
  for (const lint::Reached& each : new_risks(pair)) {
    json.begin_object().member("rule", each.risk->rule).member("level", lint::name(each.risk->level));
    json.member("title", each.risk->title).member("why", each.risk->why).key("calls").begin_array();
    for (const std::string_view call : each.calls) json.value(call);
    json.end_array().key("witness");
    witness_json(json, each.witness, policy::evaluate(pair.policy_a, each.witness),
                 policy::evaluate(pair.policy_b, each.witness));
    json.end_object();
  }
  json.end_array();
  session.print(json);
}

int diff_command(Session& session) {
  int status = kYes;
  const auto pair = load_pair(session, status);
  if (!pair) return status;
  const std::vector<ChangedCall> all = syntax::changed_calls(policy::changes(pair->policy_a, pair->policy_b));
  if (session.json())
    print_json(session, *pair, all);
  else
    session.print(text(*pair, all));
  const std::string_view fail_on = session.arguments().last("fail-on").value_or("never");
  const bool fails = std::any_of(all.begin(), all.end(), [&](const ChangedCall& call) {
    return fail_on == "any" || fail_on == name(call.direction);
  });
  return fails ? kNo : kYes;
}

constexpr std::array<Operand, 2> kOperands{{{"A", kProfileHelp}, {"B", kProfileHelp}}};
constexpr auto kOptions =
    std::array<Option, 1>{{{"fail-on", 0, "WHAT", "exit with 1 if B is wider, narrower or answers otherwise than A",
                            "never,widened,narrowed,changed,any"}}} +
    kOtherEngine + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 4> kExamples{{
    {"callgate diff docker-default podman-default", "What Podman's default allows beyond Docker's, and what it lacks."},
    {"callgate diff docker-default profile.json --fail-on widened", "For CI: fail if the profile grants more.", 1},
    {"callgate diff profile.json profile.json --as runc --b-as crun", "One file under two runtimes."},
    {"callgate diff profile.json filter.bpf --format json", "A profile and a filter, for a program to read."},
}};

}  // namespace

const Command kDiffCommand{
    "diff",
    "tell what changes from one profile or filter to another",
    "Compares A and B on every architecture, call number and argument, and prints what B newly allows (widened), newly "
    "refuses (narrowed), or answers with another action or errno (changed). Calls that change for some arguments only "
    "are shown with these arguments and with a call as an example. Dangerous things that become possible stand at the "
    "top. Filters and live processes are decompiled first, "
    "and the result is proved.",
    kOperands,
    kOptions,
    kExamples,
    "0, whether or not they differ; 1 if --fail-on says so",
    false,
    diff_command};

}  // namespace callgate::cli
