// Whole processes and single system calls under a filter, timed. Everything happens in children, so nothing of the
// benchmark's own state changes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpf/program.h"

namespace callgate::bench {

// Microseconds on the monotonic clock.
double now_us();

struct ProcessRun {
  double us = 0;          // vfork → waitpid returned
  long peak_rss_kib = 0;  // wait4; never less than our own, for the kernel counts what was there before execve
  int status = 0;         // as wait4 gives it
  bool good() const { return status == 0; }
};
// The standard streams go to /dev/null. argv[0] is a path. Nothing if no process could be made.
std::optional<ProcessRun> run_process(const std::vector<std::string>& argv);

// What one seccomp(2) call takes that loads `program` in a fresh child: the clock is read around the call alone.
// Nothing if the kernel refused it.
std::optional<double> load_us(std::span<const bpf::Insn> program);

struct RawCall {
  long nr = 0;
  long argument = 0;
};
// Nanoseconds for each of the calls in a child under `program` (empty: none), the best of a few loops. The program must
// not kill or stop the caller on them.
inline constexpr std::size_t kTimedCalls = 3;
std::optional<std::array<double, kTimedCalls>> call_ns(std::span<const bpf::Insn> program,
                                                       const std::array<RawCall, kTimedCalls>& calls);

}  // namespace callgate::bench
