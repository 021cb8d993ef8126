// SPDX-License-Identifier: Apache-2.0
#include "phases/switch_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "base/text.h"

namespace callgate::phases {

namespace {

constexpr std::array<std::string_view, 5> kNames{"listen", "accept", "exec", "main", "marker"};
constexpr std::array<std::string_view, 10> kWaits{"epoll_wait", "epoll_pwait",    "epoll_pwait2", "poll",
                                                  "ppoll",      "ppoll_time64",   "select",       "_newselect",
                                                  "pselect6",   "pselect6_time64"};
constexpr std::array<std::string_view, 5> kPathFirst{"access", "stat", "lstat", "stat64", "lstat64"};
constexpr std::array<std::string_view, 5> kPathSecond{"faccessat", "faccessat2", "newfstatat", "fstatat64", "statx"};
// net/socket.h: selectors of socketcall, whose arguments lie in memory.
constexpr std::uint64_t kSocketcallListen = 4, kSocketcallAccept = 5, kSocketcallAccept4 = 18;

template <class Names>
bool holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<std::uint64_t> milliseconds(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kUnits{{{"ms", 1}, {"s", 1000}, {"m", 60000}}};
  for (const auto& [unit, factor] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = base::parse_u64(text.substr(0, text.size() - unit.size()));
    if (!number || *number > 1'000'000'000) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SwitchPoint> parse_switch_point(std::string_view text, std::string_view phase) {
  SwitchPoint out;
  out.marker = fmt::format("/callgate:{}", phase);
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (text == kNames[i]) {
      out.point = static_cast<Point>(i);
      return out;
    }
  const auto time = milliseconds(text);
  if (!time) return std::nullopt;
  out.point = Point::time;
  out.milliseconds = *time;
  return out;
}

std::string describe(const SwitchPoint& at) {
  switch (at.point) {
    case Point::listen:
      return "after listen";
    case Point::accept:
      return "before the first wait for clients";
    case Point::exec:
      return "after its next execve";
    case Point::main:
      return "before main()";
    case Point::marker:
      return fmt::format("after it has asked for {}", base::printable(at.marker));
    case Point::time:
      return fmt::format("{} ms after the start", at.milliseconds);
  }
  return {};
}

Meaning meaning_of(const bpf::SeccompData& call) {
  const std::string_view name = arch::name_of_call(call.arch, call.nr);
  if (name == "listen") return Meaning::listen;
  if (name == "accept" || name == "accept4") return Meaning::accept;
  if (name == "socketcall") {
    if (call.args[0] == kSocketcallListen) return Meaning::listen;
    if (call.args[0] == kSocketcallAccept || call.args[0] == kSocketcallAccept4) return Meaning::accept;
  }
  if (holds(kWaits, name)) return Meaning::wait;
  if (holds(kPathFirst, name) || holds(kPathSecond, name)) return Meaning::question;
  return Meaning::nothing;
}

std::size_t path_argument(const bpf::SeccompData& call) {
  return holds(kPathFirst, arch::name_of_call(call.arch, call.nr)) ? 0 : 1;
}

}  // namespace callgate::phases
