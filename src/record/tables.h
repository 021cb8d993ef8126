// The recorder's tables as the kernel side left them, and what they say as a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "bpf/recorder.h"
#include "recording/recording.h"

namespace callgate::record {

struct OddNumber {
  recorder_odd_key key;
  recorder_odd seen;
};
struct AskedCapability {
  recorder_capability_key key;
  recorder_first first;
};

// Copies of everything, read after the programs were detached.
struct Tables {
  const recorder_tables* tables = nullptr;
  std::vector<std::uint64_t> counts;  // by phase and call index
  std::vector<OddNumber> odd_numbers;
  std::vector<recorder_value_key> values;
  std::vector<AskedCapability> capabilities;
  std::uint64_t missed = 0;  // programs that the kernel skipped
};

// Fills in calls, images (without build-ids), capabilities, io_uring, losses and tasks. `since_ns`: the run's start on
// the monotonic clock.
void to_run(const Tables& tables, std::uint64_t since_ns, recording::Run& run);

}  // namespace callgate::record
