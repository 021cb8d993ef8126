// What a profile really is, in one or two sentences: how much it lets through, the worst of it, and what does not even
// start under it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

std::string size_text(const Subject& subject) {
  std::size_t all = 0, granted = 0, partly = 0;
  policy::SyscallNr last = ~policy::SyscallNr{0};
  for (const arch::CallEntry& entry : arch::table(subject.primary)) {
    if (std::exchange(last, entry.nr) == entry.nr) continue;
    const Granted how = how_granted(subject.policy(), subject.primary, entry.nr);
    ++all;
    granted += how.some ? 1 : 0;
    partly += how.some && !how.all ? 1 : 0;
  }
  std::size_t named = 0;
  for (const text::Node rule : subject.rule_nodes())
    if (const text::Node names = find_field(rule, "names"); names && names.is_array()) named += names.size();
  std::string out = fmt::format("allows {} of {} {} calls", granted, all, arch::info(subject.primary).name);
  if (named > 0) out += fmt::format(" (it names {})", named);
  if (partly > 0) out += fmt::format(", {} of them by their arguments", partly);
  return out;
}

// The gravest calls that it lets through.
std::vector<std::string> worst(const Subject& subject) {
  constexpr std::array<std::string_view, 15> kGrave{
      "reboot",          "kexec_load",  "init_module", "bpf",          "open_by_handle_at",
      "mount",           "iopl",        "swapon",      "settimeofday", "acct",
      "perf_event_open", "userfaultfd", "unshare",     "keyctl",       "io_uring_setup"};
  std::vector<std::string> out;
  for (const std::string_view call : kGrave)
    if (granted(subject.policy(), subject.primary, call)) out.emplace_back(call);
  return out;
}

// The sentence about what does not start; empty if everything does.
std::string dead_text(const Subject& subject) {
  const auto any = missing_needs(subject, "any"), fixed = missing_needs(subject, "glibc-static"),
             dynamic = missing_needs(subject, "glibc-dynamic"), threads = missing_needs(subject, "glibc-threads"),
             go = missing_needs(subject, "go");
  if (!any.empty()) return fmt::format("no program lives under it: it lacks {}", join(calls_of(any)));
  if (!fixed.empty()) {
    auto calls = calls_of(fixed);
    for (const auto* more : {&dynamic, &threads, &go})
      for (const std::string& each : calls_of(*more))
        if (std::find(calls.begin(), calls.end(), each) == calls.end() && each.find(" or ") == std::string::npos)
          calls.push_back(each);
    return fmt::format("no glibc program starts under it: it lacks {}", join(calls));
  }
  if (dynamic.empty()) return {};
  auto calls = calls_of(dynamic);
  const auto nr = arch::number(subject.primary, "writev");
  if (nr && !how_granted(subject.policy(), subject.primary, *nr).some) calls.emplace_back("writev");
  return fmt::format("no dynamically linked glibc program starts under it: it lacks {}", join(calls));
}

}  // namespace

std::vector<std::string> summarize(const Subject& subject, std::string_view name) {
  if (!subject.profile().confined)
    return {fmt::format("{}: seccomp is off under {}; every call is allowed", name, engine_names(subject.main))};
  std::vector<std::string> out{fmt::format("{} {}", name, size_text(subject))};
  const auto grave = worst(subject);
  const std::string dead = dead_text(subject);
  if (!grave.empty()) out.push_back(fmt::format("among them {}", join(grave, 4)));
  if (!dead.empty()) out.push_back(grave.empty() ? dead : fmt::format("yet {}", dead));
  return out;
}

}  // namespace callgate::lint
