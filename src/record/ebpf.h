// The recorder by programs in the kernel (bpf/recorder.bpf.c). Nothing stands between the recorded tasks and the
// kernel: their calls leave bytes in tables, which are read once they have ended.
//
//   attach → mark_launcher → launch → unmark_launcher → … progress().alive == 0 → finish
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "recording/recording.h"

namespace callgate::record {

struct Keep {
  bool arguments = false;
  bool denied = false;  // calls that a filter refuses, too; costs about as much again as the recorder itself
  recording::ServingAt serving_at = recording::ServingAt::listen;
};

// Tasks of a cgroup (version 2), whoever put them there, beside the marked ones.
struct CgroupChoice {
  std::uint64_t id = 0;     // the inode of its directory; 0: none
  std::uint32_t level = 0;  // below the root of the hierarchy
};

struct Progress {
  std::int64_t alive = 0;  // recorded tasks that live
  std::uint64_t tasks = 0;
  std::size_t calls = 0;         // distinct ones
  bool serving = false;          // a process has come so far
  bool shutdown = false;         // a server was told to end
  bool began = false;            // a container's program was executed
  std::uint64_t bounding = 0;    // its bounding set of capabilities then
  std::optional<int> exit_code;  // of its first process, as wait has it
};

class Ebpf {
 public:
  struct State;
  explicit Ebpf(std::unique_ptr<State> state);
  Ebpf(Ebpf&&) noexcept;
  Ebpf& operator=(Ebpf&&) noexcept;
  ~Ebpf();

  // Loads and attaches. `unsupported`: this build, this kernel or our rights (CAP_BPF and CAP_PERFMON) do not suffice.
  // `containers`: watch() may be called.
  static base::Result<Ebpf> attach(const Keep& keep, const CgroupChoice& cgroup = {}, bool containers = false);
  // From here on every process that the calling thread starts is recorded, from its execve on.
  base::Result<void> mark_launcher();
  base::Result<void> unmark_launcher();
  // Tasks that are put into a cgroup of one of these names from now on are recorded: as a container's runtime, until
  // they execute something in other namespaces than ours.
  base::Result<void> watch(const std::vector<std::string>& cgroup_names);
  // Marks running processes, their threads, and all that descend from them: as serving, for their start lies behind
  // them (each that is below none of the others is a server of its own), or as a container's runtime. How many tasks;
  // 0 if there was none. Threads take Linux 6.9.
  enum class Stage : std::uint8_t { runtime, serving };
  base::Result<std::size_t> mark_running(const std::vector<pid_t>& processes, Stage stage = Stage::serving);
  Progress progress() const;
  // How often each call (index as in bpf/recorder.h) was made so far while serving.
  std::vector<std::uint64_t> serving_counts() const;
  // Detaches, then reads. Fills in what the tables hold, and `blind`.
  base::Result<void> finish(recording::Run& run);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace callgate::record
