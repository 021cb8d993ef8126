// Watches the calls that a program, its threads and its children make, by ptrace: every call, or those that a filter
// answers with TRACE.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "sandbox/supervise.h"

namespace callgate::sandbox {

// The address range of the program interpreter (the dynamic loader); empty for a static program.
struct LoaderRange {
  std::uint64_t begin = 0, end = 0;
  bool contains(std::uint64_t address) const { return address >= begin && address < end; }
};

struct Observer {
  std::function<void(pid_t process, pid_t parent)> on_process;  // before the first call of a child
  std::function<void(pid_t process, const bpf::SeccompData& call)> on_call;
  // After its execve has succeeded; that call itself has been seen. `comm`: the kernel's name for the program.
  std::function<void(pid_t process, const std::string& comm, const LoaderRange& loader)> on_exec;
  // A signal is about to be taken: what is ignored, too, but not what waits for signals by sigwait or a signalfd. May
  // be empty.
  std::function<void(pid_t process, int signal)> on_signal{};
};

// Which calls are told. Those of a filter begin with the launch's own execve; of all calls that one is told when it has
// succeeded.
enum class Watch : std::uint8_t { all_calls, traced_by_filter };
// `kernel`, but a traced child stops at its calls.
Kernel observing(const Kernel& kernel, Watch watch = Watch::all_calls);
// Follows a program launched by observing() with `traced`, until it and whatever it left behind has ended; after
// `limit` (0: none), or once `enough` says so (asked now and then by another thread; may be empty), they are told to
// end. Signals to us go to the program. Meanwhile SIGCHLD is not sent for stops.
Ended observe(const Launched& launched, const Observer& observer, std::chrono::seconds limit = {},
              Watch watch = Watch::all_calls, const std::function<bool()>& enough = {});

}  // namespace callgate::sandbox
