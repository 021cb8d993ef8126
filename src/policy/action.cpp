// Actions as text and as the kernel's return values (linux/seccomp.h).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/policy.h"

namespace callgate::policy {

namespace {

constexpr std::uint16_t kMaxErrno = 4095;  // include/linux/err.h

struct Row {
  ActionKind kind;
  std::string_view name;
  std::uint32_t value;
  bool has_data;
};
constexpr Row kRows[] = {
    {ActionKind::kill_process, "KILL_PROCESS", 0x80000000, false},
    {ActionKind::kill_thread, "KILL_THREAD", 0x00000000, false},
    {ActionKind::trap, "TRAP", 0x00030000, true},
    {ActionKind::errno_, "ERRNO", 0x00050000, true},
    {ActionKind::notify, "NOTIFY", 0x7fc00000, false},
    {ActionKind::trace, "TRACE", 0x7ff00000, true},
    {ActionKind::log, "LOG", 0x7ffc0000, false},
    {ActionKind::allow, "ALLOW", 0x7fff0000, false},
};

const Row& row(ActionKind kind) {
  return kRows[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string to_string(Action action) {
  const Row& r = row(action.kind);
  const bool always = action.kind == ActionKind::errno_ || action.kind == ActionKind::trace;
  if (always || (r.has_data && action.data != 0)) return fmt::format("{}({})", r.name, action.data);
  return std::string(r.name);
}

std::optional<Action> parse_action(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto* r = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& x) { return x.name == name; });
  if (r == std::end(kRows)) return std::nullopt;
  if (open == std::string_view::npos) {
    if (r->kind == ActionKind::errno_ || r->kind == ActionKind::trace) return std::nullopt;
    return Action{r->kind, 0};
  }
  if (!r->has_data || text.back() != ')') return std::nullopt;
  const std::string_view digits = text.substr(open + 1, text.size() - open - 2);
  std::uint16_t data = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), data);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  if (r->kind == ActionKind::errno_ && data > kMaxErrno) return std::nullopt;
  return Action{r->kind, data};
}

std::uint32_t to_return_value(Action action) {
  return row(action.kind).value | action.data;
}

Action from_return_value(std::uint32_t value) {
  const std::uint32_t kind = value & 0xffff0000U;
  const auto data = static_cast<std::uint16_t>(value & 0xffffU);
  for (const Row& r : kRows) {
    if (r.value != kind) continue;
    if (r.kind == ActionKind::errno_) return {r.kind, std::min(data, kMaxErrno)};
    return {r.kind, r.has_data ? data : std::uint16_t{0}};
  }
  return kKillProcess;  // seccomp(2): an unknown action is treated as SECCOMP_RET_KILL_PROCESS
}

}  // namespace callgate::policy
