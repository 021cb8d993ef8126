// SCMP_ACT_NOTIFY and SCMP_ACT_TRACE: calls that wait for somebody.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

// Calls that the runtime or the C library makes before the agent is there, and those whose answer cannot wait.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kFragile{{
    {"write", "runc itself writes to its parent under the filter, and refuses such a profile"},
    {"sendmsg", "the runtime hands the agent its descriptor by this very call"},
    {"close", "the runtime closes its descriptors under the filter"},
    {"execve", "the agent reads a path that another thread can change; what is executed is another file"},
    {"exit_group", "a program whose agent is gone cannot end"},
    {"rt_sigreturn", "the call has no way to fail: the program crashes"},
    {"futex", "every lock waits for the agent"},
    {"openat", "the agent reads a path that another thread can change: its answer cannot be about the file"},
}};

std::optional<policy::Call> notified(const Subject& subject, std::string_view call) {
  const auto nr = arch::number(subject.primary, call);
  if (!nr) return std::nullopt;
  return first_call(subject.policy(), arch::info(subject.primary).audit, *nr, {},
                    [](policy::Action a) { return a.kind == policy::ActionKind::notify; });
}

std::optional<policy::Call> any_notified(const Subject& subject) {
  for (const arch::CallEntry& entry : arch::table(subject.primary))
    if (const auto found = notified(subject, arch::name(entry.name))) return found;
  return std::nullopt;
}

}  // namespace

void check_notify(const Subject& subject) {
  for (const auto& [call, why] : kFragile) {
    const auto found = notified(subject, call);
    if (!found) continue;
    Finding& made = subject.add("notify-fragile", subject.place_of(*found),
                                fmt::format("{} waits for an agent: {}", call, why), "decide the call in the filter");
    made.witness = Witness{subject.answer(*found), std::nullopt};
  }
  const auto first = any_notified(subject);
  const std::string& path = subject.profile().listener_path;
  if (first && path.empty()) {
    Finding& made =
        subject.add("notify-listener", subject.place_of(*first),
                    "SCMP_ACT_NOTIFY without 'listenerPath': nobody answers, the runtime starts no container",
                    "give the agent's socket as 'listenerPath'");
    made.witness = Witness{subject.answer(*first), std::nullopt};
  } else if (!first && !path.empty()) {
    const text::Node node = find_field(subject.root, "listenerPath");
    subject.add("notify-listener", node ? node.key_span() : base::Span(),
                "'listenerPath' is given, but no call waits for the agent", "take it out");
  }
}

}  // namespace callgate::lint
