// SPDX-License-Identifier: Apache-2.0
#include "why/cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "syntax/words.h"

namespace callgate::why {

std::string_view name(CauseKind kind) {
  constexpr std::array<std::string_view, 6> kNames{"rule",         "default", "architecture",
                                                   "runtime stub", "seal",    "unknown"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string Cause::place() const {
  if (kind != CauseKind::rule && kind != CauseKind::default_action) return {};
  if (span.file == nullptr) return "built in";
  const base::Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}", span.file->name(), at.line, at.column_chars);
}

std::string Cause::words() const {
  switch (kind) {
    case CauseKind::rule:
      return fmt::format("rule {}{}", place(), when.empty() ? "" : fmt::format(" ({})", when));
    case CauseKind::default_action:
      return fmt::format("default {}: no rule lets it through", place());
    case CauseKind::architecture:
      return "the profile does not list this architecture";
    case CauseKind::runtime_stub:
      return "the runtime itself: it answers ENOSYS to calls newer than all that the profile names";
    case CauseKind::seal:
      return "a seal: --seal process, --seal net or --no-exec-mem deny it, whatever the profile says";
    case CauseKind::unknown:
      break;
  }
  return "a filter of which no profile is known";
}

namespace {

bool lists(const format::Profile& profile, const policy::Call& call) {
  const auto which = arch::of_call(call.audit, call.nr);
  return which &&
         std::find(profile.architectures.begin(), profile.architectures.end(), *which) != profile.architectures.end();
}

bool may_hold(const format::RuleOrigin& origin, const policy::Call& call, std::uint8_t known) {
  return std::all_of(origin.clause.conditions.begin(), origin.clause.conditions.end(), [&](const auto& condition) {
    if ((known >> condition.arg & 1U) == 0) return true;
    constexpr std::uint64_t kLowWord = 0xffffffff;
    const std::uint64_t value = call.args[condition.arg];
    return policy::holds(condition, origin.low_word ? value & kLowWord : value);
  });
}

}  // namespace

Cause find_cause(const format::Profile& profile, const policy::Call& call, std::uint8_t known, policy::Action action) {
  Cause cause;
  if (!lists(profile, call)) {
    cause.kind = CauseKind::architecture;
    return cause;
  }
  for (const format::RuleOrigin& origin : profile.origins) {
    if (origin.audit != call.audit || origin.nr != call.nr || origin.clause.action != action ||
        !may_hold(origin, call, known))
      continue;
    return {CauseKind::rule, origin.span, origin.rule,
            syntax::describe_conditions(call.audit, call.nr, origin.clause, origin.low_word)};
  }
  constexpr policy::Action kEnosys = policy::make_errno(38);
  const auto which = arch::of_call(call.audit, call.nr);
  for (const format::EnosysAbove& stub : profile.enosys)
    if (stub.arch == which && call.nr > stub.last && action == kEnosys) cause.kind = CauseKind::runtime_stub;
  if (cause.kind == CauseKind::unknown && action == profile.default_action) {
    cause.kind = CauseKind::default_action;
    cause.span = profile.default_span;
  }
  return cause;
}

}  // namespace callgate::why
