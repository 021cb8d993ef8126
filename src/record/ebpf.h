// The recorder by programs in the kernel (bpf/recorder.bpf.c). Nothing stands between the recorded tasks and the
// kernel: their calls leave bytes in tables, which are read once they have ended.
//
//   attach → mark_launcher → launch → unmark_launcher → … progress().alive == 0 → finish
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "base/result.h"
#include "recording/recording.h"

namespace callgate::record {

struct Keep {
  bool arguments = false;
  bool denied = false;  // calls that a filter refuses, too; costs about as much again as the recorder itself
};

// Tasks of a cgroup (version 2), whoever put them there, beside the marked ones.
struct CgroupChoice {
  std::uint64_t id = 0;     // the inode of its directory; 0: none
  std::uint32_t level = 0;  // below the root of the hierarchy
};

struct Progress {
  std::int64_t alive = 0;  // recorded tasks that live
  std::uint64_t tasks = 0;
  std::size_t calls = 0;  // distinct ones
};

class Ebpf {
 public:
  struct State;
  explicit Ebpf(std::unique_ptr<State> state);
  Ebpf(Ebpf&&) noexcept;
  Ebpf& operator=(Ebpf&&) noexcept;
  ~Ebpf();

  // Loads and attaches. `unsupported`: this build, this kernel or our rights (CAP_BPF and CAP_PERFMON) do not suffice.
  static base::Result<Ebpf> attach(const Keep& keep, const CgroupChoice& cgroup = {});
  // From here on every process that the calling thread starts is recorded, from its execve on.
  base::Result<void> mark_launcher();
  base::Result<void> unmark_launcher();
  // Marks running processes, their threads, and all that descend from them, as serving: their start lies behind them.
  // How many tasks; 0 if there was none. Threads take Linux 6.9.
  base::Result<std::size_t> mark_running(const std::vector<pid_t>& processes);
  Progress progress() const;
  // Detaches, then reads. Fills in what the tables hold, and `blind`.
  base::Result<void> finish(recording::Run& run);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace callgate::record
