// SPDX-License-Identifier: Apache-2.0
#include "closure/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "arch/calls.h"
#include "base/text.h"
#include "recording/recording.h"
#include "syntax/words.h"

namespace callgate::closure {

namespace {

constexpr std::array<std::string_view, 3> kForms{"docker", "compose", "kubernetes"};

std::string counted(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

// "openat", or "openat (x86)" on another architecture than that of the first recording.
std::string call_text(const Closure& closure, arch::AuditArch audit, arch::SyscallNr nr) {
  const auto which = arch::of_call(audit, nr);
  const std::string name = recording::call_name(audit, nr);
  const bool native = !closure.sources.empty() && which == closure.sources.front().arch;
  return native ? name : fmt::format("{} ({})", name, which ? arch::info(*which).name : std::string_view("?"));
}

std::string pin_text(const Entry& entry, const Pin& pin) {
  const auto argument = syntax::argument(entry.audit, entry.nr, pin.place);
  const auto* const prototype = argument ? &*argument : nullptr;
  const std::string name = argument ? std::string(argument->name) : fmt::format("argument {}", pin.place);
  if (pin.allowed) return fmt::format("{}: bits of {}", name, syntax::describe_argument(prototype, *pin.allowed));
  std::vector<std::string> words;
  for (const std::uint64_t value : pin.values) words.push_back(syntax::describe_argument(prototype, value));
  return fmt::format("{}: {}", name, fmt::join(words, ", "));
}

void add_table(const Closure& closure, const std::vector<Entry>& core, std::string& out) {
  std::vector<std::pair<std::string, const Entry*>> rows;
  std::size_t width = 4;
  for (const Entry& entry : core) {
    rows.emplace_back(call_text(closure, entry.audit, entry.nr), &entry);
    width = std::max(width, rows.back().first.size());
  }
  std::ranges::sort(rows);
  for (const auto& [name, entry] : rows) {
    fmt::format_to(std::back_inserter(out), "  {:{}}  {}\n", name, width, reason(*entry));
    for (const Pin& pin : entry->pins)
      fmt::format_to(std::back_inserter(out), "  {:{}}    {}\n", "", width, pin_text(*entry, pin));
  }
}

void add_budget(const Closure& closure, std::string& out) {
  if (!closure.budget) return;
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    const std::string_view phase = name(static_cast<Phase>(i));
    const std::vector<const Entry*> over = over_budget(closure.core[i], *closure.budget);
    if (over.empty()) {
      fmt::format_to(std::back_inserter(out), "budget: {} holds: {} of {} calls\n", phase, closure.core[i].size(),
                     *closure.budget);
      continue;
    }
    fmt::format_to(std::back_inserter(out), "budget: {} does not hold: {} calls, {} over {}; made most rarely are\n",
                   phase, closure.core[i].size(), over.size(), *closure.budget);
    for (const Entry* const entry : over)
      fmt::format_to(std::back_inserter(out), "  {}: {}\n", call_text(closure, entry->audit, entry->nr),
                     reason(*entry));
  }
}

std::vector<std::string> kept(const Closure& closure) {
  std::vector<std::string> out;
  for (const Capability& each : *closure.capabilities)
    if (each.caution.empty()) out.push_back(each.name.substr(each.name.starts_with("CAP_") ? 4 : 0));
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void add_capabilities(const Closure& closure, std::string& out) {
  if (!closure.capabilities) return;
  fmt::format_to(std::back_inserter(out), "capabilities: {}\n", *capabilities_text(closure, CapabilityForm::docker));
  for (const Capability& each : *closure.capabilities)
    fmt::format_to(std::back_inserter(out), "  {}{}: {}{}\n", each.caution.empty() ? "" : "not ", each.name,
                   fmt::join(each.calls, " "), each.caution.empty() ? "" : "; " + each.caution);
}

}  // namespace

std::optional<CapabilityForm> find_capability_form(std::string_view name) {
  const auto found = std::ranges::find(kForms, name);
  return found == kForms.end() ? std::nullopt : std::optional(static_cast<CapabilityForm>(found - kForms.begin()));
}

std::optional<std::string> capabilities_text(const Closure& closure, CapabilityForm form) {
  if (!closure.capabilities) return std::nullopt;
  const std::vector<std::string> add = kept(closure);
  const std::string list = fmt::format("[{}]", fmt::join(add, ", "));
  switch (form) {
    case CapabilityForm::docker: {
      std::string out = "--cap-drop ALL";
      for (const std::string& each : add) out += " --cap-add " + each;
      return out;
    }
    case CapabilityForm::compose:
      return "cap_drop: [ALL]\n" + (add.empty() ? "" : "cap_add: " + list + "\n");
    case CapabilityForm::kubernetes:
      break;
  }
  return "capabilities:\n  drop: [ALL]\n" + (add.empty() ? "" : "  add: " + list + "\n");
}

std::string to_text(const Closure& closure) {
  std::string out = counted(closure.sources.size(), "run");
  if (const std::size_t bad = closure.incomplete(); bad != 0) out += fmt::format(", {} INCOMPLETE", bad);
  out += '\n';
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    fmt::format_to(std::back_inserter(out), "{}: {}\n", name(static_cast<Phase>(i)),
                   counted(closure.core[i].size(), "call"));
    add_table(closure, closure.core[i], out);
  }
  if (closure.scanned) {
    fmt::format_to(std::back_inserter(out), "frontier: {} ({})\n", counted(closure.frontier.size(), "call"),
                   policy::to_string(closure.on_frontier));
    for (const Reachable& each : closure.frontier)
      fmt::format_to(std::back_inserter(out), "  {}: {}\n", call_text(closure, each.audit, each.nr), each.evidence);
  }
  fmt::format_to(std::back_inserter(out), "outside: {}\n", policy::to_string(closure.outside));
  add_capabilities(closure, out);
  add_budget(closure, out);
  for (const std::string& note : closure.notes) out += "note: " + note + '\n';
  return out;
}

}  // namespace callgate::closure
