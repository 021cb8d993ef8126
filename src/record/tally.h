// A run put together call by call, where a tracer sees each (sandbox/observe.h): the same evidence that the kernel side
// keeps in tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.h"
#include "record/ebpf.h"
#include "recording/recording.h"

namespace callgate::record {

class Tally {
 public:
  explicit Tally(const Keep& keep) : arguments_(keep.arguments), serving_at_(keep.serving_at) {}
  // `ns`: since the run began.
  void started(pid_t process, pid_t parent);
  void called(pid_t process, const policy::Call& call, std::uint64_t ns);
  void executed(pid_t process, const std::string& comm, const std::string& path, std::uint64_t ns);
  // One of those that tell a server to end was sent to the process, which does not ignore it.
  void told_to_end(pid_t process);
  std::size_t calls() const { return calls_.size(); }
  std::uint64_t processes() const { return processes_count_; }
  void finish(recording::Run& run) &&;

 private:
  struct Process {
    std::uint32_t image = 0;
    recording::Phase phase = recording::Phase::start;  // unless its server was told to end
    std::string comm;
    bool listens = false;
    bool waits = false;      // it listens, or did before it executed its program: a wait is one for clients
    std::size_t server = 0;  // that it belongs to; 0: none
    bool leads = false;      // it is that server's first process
  };
  recording::Phase phase_of(const Process& process) const;
  void listen(Process& process);
  void keep_arguments(recording::Call& seen, const policy::Call& call, recording::Phase phase,
                      std::uint32_t kept) const;

  bool arguments_;
  recording::ServingAt serving_at_;
  std::map<pid_t, Process> processes_;
  std::map<std::string, std::uint32_t> images_by_path_;
  std::vector<recording::Image> images_;
  std::map<std::pair<policy::AuditArch, policy::SyscallNr>, recording::Call> calls_;
  std::vector<bool> ending_ = {false};  // by server
  std::uint64_t processes_count_ = 1;
};

}  // namespace callgate::record
