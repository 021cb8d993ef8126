// The recorder by programs in the kernel (bpf/recorder.bpf.c). Nothing stands between the recorded tasks and the
// kernel: their calls leave bytes in tables, which are read once they have ended.
//
//   attach → mark_launcher → launch → unmark_launcher → … progress().alive == 0 → finish
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "recording/recording.h"

namespace callgate::record {

struct Keep {
  bool arguments = false;
  bool denied = false;  // calls that a filter refuses, too; costs about as much again as the recorder itself
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
  static base::Result<Ebpf> attach(const Keep& keep);
  // From here on every process that the calling thread starts is recorded, from its execve on.
  base::Result<void> mark_launcher();
  base::Result<void> unmark_launcher();
  Progress progress() const;
  // Detaches, then reads. Fills in what the tables hold, and `blind`.
  base::Result<void> finish(recording::Run& run);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace callgate::record
