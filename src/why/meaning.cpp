// SPDX-License-Identifier: Apache-2.0
#include "why/meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "base/text.h"
#include "lint/facts.h"

namespace callgate::why {

namespace {

enum class Answer : std::uint8_t { enosys, error, any_error, kill };

struct Row {
  std::string_view call;
  int arg;  // -1: whatever the arguments
  std::uint64_t value;
  Answer answer;  // error: any but ENOSYS; any_error: that, too
  std::string_view meaning, source;
};

#include "why/meanings.inc"

enum class Kind : std::uint8_t { enosys, error, kill, other };

Kind kind_of(policy::Action action) {
  using policy::ActionKind;
  constexpr std::uint16_t kEnosys = 38;
  switch (action.kind) {
    case ActionKind::kill_process:
    case ActionKind::kill_thread:
    case ActionKind::trap:
      return Kind::kill;
    case ActionKind::errno_:
      return action.data == kEnosys ? Kind::enosys : Kind::error;
    case ActionKind::notify:
    case ActionKind::trace:
      return Kind::enosys;
    default:
      return Kind::other;
  }
}

bool fits(Answer answer, Kind kind) {
  switch (answer) {
    case Answer::enosys:
      return kind == Kind::enosys;
    case Answer::error:
      return kind == Kind::error;
    case Answer::any_error:
      return kind == Kind::error || kind == Kind::enosys;
    case Answer::kill:
      return kind == Kind::kill;
  }
  return false;
}

void add_fallback(std::string_view name, Kind kind, std::vector<Meaning>& out) {
  for (const lint::Fallback& each : lint::fallbacks()) {
    if (each.call != name) continue;
    if (kind == Kind::enosys)
      out.push_back(
          {fmt::format("callers fall back on {}: nothing breaks", each.old), "data/lint/fallbacks.csv", true});
    else
      out.push_back({fmt::format("callers fall back on {} only on ENOSYS; now {}", each.old, each.without),
                     "data/lint/fallbacks.csv"});
  }
}

void add_needs(std::string_view name, std::vector<Meaning>& out) {
  for (const lint::Need& each : lint::needs()) {
    if (each.who.starts_with("runc") || each.who.starts_with("crun")) continue;  // their own start-up
    const auto calls = base::split(each.calls, '|');
    if (std::find(calls.begin(), calls.end(), name) == calls.end()) continue;
    // Of several that do, the others may still be allowed.
    out.push_back({fmt::format("{}{}", calls.size() > 1 ? "if no other call stands in: " : "", each.without),
                   "data/lint/needs.csv"});
  }
}

}  // namespace

std::vector<Meaning> meanings(const policy::Call& call, std::uint8_t known, policy::Action action) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  const Kind kind = kind_of(action);
  std::vector<Meaning> out;
  if (name.empty() || kind == Kind::other) return out;
  for (const Row& row : kRows) {
    if (row.call != name || !fits(row.answer, kind)) continue;
    if (row.arg >= 0) {
      constexpr std::uint64_t kLowWord = 0xffffffff;
      const auto arg = static_cast<unsigned>(row.arg);
      if ((known >> arg & 1U) == 0 || (call.args[arg] & kLowWord) != row.value) continue;
    }
    out.push_back({std::string(row.meaning), std::string(row.source),
                   row.answer == Answer::enosys || row.answer == Answer::any_error});
  }
  if (out.empty()) add_fallback(name, kind, out);
  if (out.empty() && kind != Kind::enosys) add_needs(name, out);
  return out;
}

}  // namespace callgate::why
