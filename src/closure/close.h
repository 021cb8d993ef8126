// Recordings → closure. What is added beside what was seen, and how arguments are generalised, stands here; what is
// seen is never left out, and never narrowed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "closure/closure.h"
#include "recording/recording.h"

namespace callgate::closure {

// Which of the recorded arguments are held fast.
//   none    no call's
//   risky   those of which other values reach other parts of the kernel (data/closure/arguments.csv)
//   all     every one that was recorded
enum class Pinning : std::uint8_t { none, risky, all };
std::optional<Pinning> find_pinning(std::string_view name);

// A container runtime that loads the filter before it has started the program, and goes on under it till then.
struct Runtime {
  std::string name;  // "runc", "crun"
  bool no_new_privileges = false;
};

struct Options {
  Pinning pinning = Pinning::risky;
  std::vector<Runtime> runtimes;  // each has a row in data/startup/runtimes.csv
  bool fallbacks = true;
};

Closure close(const recording::Recording& recording, const Options& options);

// Why more may be missing in a run than other runs would show; empty if nothing is.
std::string incomplete_reason(const recording::Run& run);

}  // namespace callgate::closure
