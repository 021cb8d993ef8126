// What runs already, or is about to: recorded by eBPF alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "record/ebpf.h"
#include "record/pulse.h"
#include "record/record.h"

namespace callgate::record {

struct Target {
  std::vector<pid_t> processes;  // that run: with their threads and all that descends from them
  std::vector<pid_t> starting;   // a container's, still its runtime: they have not executed its program
  std::string cgroup;            // a directory of cgroup version 2; empty: none
  // Whoever is put into a cgroup of such a name belongs to the container, first as its runtime.
  std::vector<std::string> cgroup_names;
  std::optional<recording::Container> container;
};

struct AttachRequest {
  std::vector<std::string> what;  // stands for the command: "pid:17", "container:web"
  Target target;
  // Where there is a container to wait for: what is to be recorded as of now, nothing as long as nobody knows it. Asked
  // until it runs, or was seen to start; if `grows`, until the end.
  std::function<std::optional<Target>()> look;
  bool grows = false;
  Keep keep;
  std::chrono::seconds limit{};  // 0: until the last task has ended, or SIGINT, SIGTERM or SIGHUP comes
  // Ends the recording, not what is recorded, once no call came for so long that had not come before; 0: it does not.
  std::chrono::seconds quiet{};
  std::string tool;  // our version
  OnPulse on_pulse;
  std::function<void(bool waits)> on_ready;  // everything is in place; may be empty
};

// One outcome a request, in order. Returns when the last of them has ended, or at once if one cannot begin.
using Outcomes = std::vector<tl::expected<Outcome, sandbox::Refusal>>;
tl::expected<Outcomes, sandbox::Refusal> attach(const std::vector<AttachRequest>& requests);

}  // namespace callgate::record
