// The tasks that a tracer follows, and the processes they belong to. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>

#include "base/result.h"
#include "tracee/event.h"

namespace callgate::phases {

struct Process {
  bool switched = false;  // its tasks are let go at their next event
  bool due = false;       // to be switched at the next stop at which calls can be made
  bool listening = false;
};

struct Task {
  pid_t process = 0;
  bool stopped = false;   // an event of it has not been answered yet
  bool in_vfork = false;  // waits for a child: it cannot stop, and runs nothing of its own
  bpf::SeccompData call;  // the last one entered
};

class Tasks {
 public:
  explicit Tasks(const tracee::Ptrace& kernel) : kernel_(&kernel) {}
  bool empty() const { return tasks_.empty(); }
  bool has(pid_t tid) const { return tasks_.contains(tid); }
  Process& process(pid_t process) { return processes_[process]; }
  std::map<pid_t, Process>& processes() { return processes_; }
  const std::map<pid_t, Task>& tasks() const { return tasks_; }
  // Of the event; a new one is entered, with what its parent's process has.
  Task& task(pid_t tid);

  // The next event, queued ones first, with the task's record brought up to date.
  tracee::Waited next(tracee::Event& event);
  bool queued() const { return !queue_.empty(); }
  // Stops every task but `but`, and queues what they report. Error: one does not stop.
  base::Result<void> stop_all(pid_t but);
  // Queued events of that process.
  std::deque<tracee::Event> take(pid_t process);
  // The task will be running or untraced.
  void answered(pid_t tid);
  void forget(pid_t tid) { tasks_.erase(tid); }

 private:
  void note(const tracee::Event& event);

  const tracee::Ptrace* kernel_;
  std::map<pid_t, Task> tasks_;
  std::map<pid_t, Process> processes_;
  std::deque<tracee::Event> queue_;
};

}  // namespace callgate::phases
