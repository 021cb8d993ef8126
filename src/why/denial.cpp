// SPDX-License-Identifier: Apache-2.0
#include "why/denial.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/prototype.h"
#include "why/pins.h"

namespace callgate::why {

std::string describe(const Frame& frame) {
  const std::string_view library = std::string_view(frame.library).substr(frame.library.rfind('/') + 1);
  std::string out = frame.function.empty() ? fmt::format("{:#x}", library.empty() ? frame.address : frame.offset)
                                           : fmt::format("{}+{:#x}", frame.function, frame.offset);
  if (!library.empty()) out += fmt::format(" ({})", library);
  if (!frame.source.empty()) out += " at " + frame.source;
  return out;
}

std::string text(const Denial& denial) {
  return denial.shown.empty() ? denial.decoded.text() : denial.shown;
}

std::string effect(policy::Action action) {
  using policy::ActionKind;
  switch (action.kind) {
    case ActionKind::kill_process:
      return "ends the process by SIGSYS";
    case ActionKind::kill_thread:
      return "ends the thread by SIGSYS";
    case ActionKind::trap:
      return "raises SIGSYS";
    case ActionKind::errno_: {
      if (action.data == 0) return "is not made and returns 0, as if it had succeeded";
      const std::string_view name = arch::errno_name(action.data);
      return name.empty() ? fmt::format("fails with errno {}", action.data) : fmt::format("fails with {}", name);
    }
    case ActionKind::notify:
      return "waits for a supervisor; without one it fails with ENOSYS";
    case ActionKind::trace:
      return "is left to a tracer; without one it fails with ENOSYS";
    case ActionKind::log:
      return "is made, and logged";
    case ActionKind::allow:
      return "is made";
  }
  return {};
}

bool denies(policy::Action action) {
  return action.kind != policy::ActionKind::allow && action.kind != policy::ActionKind::log;
}

namespace {

// Constants decide whether two denials are the same matter; pointers, descriptors and sizes differ at each call.
bool alike(const Denial& a, const Denial& b) {
  // Where code lies differs from process to process, but not within a page.
  constexpr std::uint64_t kInPage = 0xfff;
  if (a.call.audit != b.call.audit || a.call.nr != b.call.nr || a.action != b.action || a.program != b.program ||
      ((a.address ^ b.address) & kInPage) != 0 || a.known != b.known || (!a.action && a.outcome != b.outcome))
    return false;
  return pins(a.call, a.known) == pins(b.call, b.known);
}

}  // namespace

std::optional<std::size_t> Journal::count_again(const Denial& denial) {
  const auto same = std::find_if(denials_.begin(), denials_.end(), [&](const Denial& d) { return alike(d, denial); });
  if (same == denials_.end()) return std::nullopt;
  ++same->count;
  return static_cast<std::size_t>(same - denials_.begin());
}

std::optional<std::size_t> Journal::add(Denial denial) {
  if (const auto again = count_again(denial)) return again;
  if (denials_.size() >= kMostKept) {
    ++dropped_;
    return std::nullopt;
  }
  denials_.push_back(std::move(denial));
  return denials_.size() - 1;
}

}  // namespace callgate::why
