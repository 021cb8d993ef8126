// Recordings to close.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>

#include "arch/calls.h"
#include "recording/recording.h"

namespace callgate::closure {

inline constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;

inline arch::SyscallNr nr(std::string_view call, arch::Arch arch = arch::Arch::x86_64) {
  return arch::number(arch, call).value();
}

inline recording::Call call(std::string_view name, std::uint64_t start, std::uint64_t serving,
                            arch::Arch arch = arch::Arch::x86_64, std::uint64_t shutdown = 0) {
  recording::Call out;
  out.audit = arch::info(arch).audit;
  out.nr = nr(name, arch);
  out.counts = {start, serving, shutdown};
  out.seen = {start != 0, serving != 0, shutdown != 0};
  out.images = {1};
  out.first = {17, 4000, 4001, 1, recording::Phase::start, "web"};
  return out;
}

inline recording::Run run_of(std::vector<recording::Call> calls, bool arguments = false) {
  recording::Run run;
  run.id = "0123456789abcdef0123456789abcdef";
  run.tool = "0.1.0";
  run.command = {"/usr/bin/web"};
  run.kernel = "6.18.0";
  run.started = "2026-01-31T23:59:59Z";
  run.with_arguments = arguments;
  run.images = {{1, "/usr/bin/web", "", "00ff", 5, 0}};
  run.calls = std::move(calls);
  run.finished = run.complete = true;
  return run;
}

inline recording::Argument values(std::uint8_t place, std::vector<std::uint64_t> seen) {
  recording::Argument out;
  out.place = place;
  out.values = std::move(seen);
  return out;
}

// Any runs that a recorder could write, and some that it could not.
inline recording::Recording random_recording(std::mt19937_64& random) {
  static constexpr std::array kCalls{"socket", "mmap",   "openat",  "read",       "clone",       "clone3", "ioctl",
                                     "fcntl",  "prctl",  "statx",   "unshare",    "mprotect",    "setns",  "socketpair",
                                     "execve", "listen", "accept4", "faccessat2", "personality", "time"};
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  recording::Recording out;
  const std::uint64_t runs = 1 + below(3);
  for (std::uint64_t i = 0; i < runs; ++i) {
    recording::Run run = run_of({}, below(4) != 0);
    if (below(12) == 0) run.known = 3;
    for (const char* const name : kCalls) {
      if (below(3) == 0) continue;
      recording::Call made =
          call(name, below(3), below(3), below(5) == 0 ? arch::Arch::x86 : arch::Arch::x86_64, below(2));
      if (below(20) == 0) made.nr = 900 + static_cast<arch::SyscallNr>(below(50));
      if (below(20) == 0) made.nr |= made.audit == kNative ? arch::kX32Bit : 0;
      made.vsyscall = below(15) == 0;
      if (below(10) == 0) made.denied = -1;
      for (std::uint8_t place = 0; place < 6; ++place)
        for (std::size_t phase = 0; phase < recording::kPhaseCount; ++phase) {
          if (!run.with_arguments || below(3) == 0) continue;
          recording::Argument argument;
          argument.place = place;
          argument.phase = static_cast<recording::Phase>(phase);
          argument.any = below(6) == 0;
          for (std::uint64_t k = 0; k < 1 + below(4); ++k) {
            const std::uint64_t value = below(3) == 0 ? random() : below(16);
            if (!argument.any) argument.values.push_back(value);
            if (place % 2 == 0) argument.ever_set = argument.ever_set.value_or(0) | value;
            if (place % 2 == 0) argument.ever_clear = argument.ever_clear.value_or(0) | ~value;
          }
          std::sort(argument.values.begin(), argument.values.end());
          argument.values.erase(std::unique(argument.values.begin(), argument.values.end()), argument.values.end());
          made.arguments.push_back(std::move(argument));
        }
      run.calls.push_back(std::move(made));
    }
    out.runs.push_back(std::move(run));
  }
  return out;
}

}  // namespace callgate::closure
