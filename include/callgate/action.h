// What a filter answers to a call (seccomp(2)).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace callgate {

/// In the kernel's order: where filters stack, the smaller one wins.
enum class ActionKind : std::uint8_t { kill_process, kill_thread, trap, errno_, notify, trace, log, allow };

struct Action {
  ActionKind kind = ActionKind::kill_process;
  /// errno_: the number, 0 … 4095. trap and trace: any datum. Others: 0.
  std::uint16_t data = 0;
  auto operator<=>(const Action&) const = default;
};

/// "ALLOW", "ERRNO(38)", "KILL_PROCESS", "KILL_THREAD", "TRAP", "TRACE(7)", "NOTIFY", "LOG".
std::string to_string(Action action);
/// The reverse of to_string; nothing for other texts.
std::optional<Action> parse_action(std::string_view text);
/// The 32-bit value that a filter returns for it (linux/seccomp.h), and back. As in the kernel, an unknown action is
/// KILL_PROCESS and an errno above 4095 counts as 4095.
std::uint32_t to_return_value(Action action);
Action from_return_value(std::uint32_t value);

}  // namespace callgate
