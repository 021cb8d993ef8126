// Keeps the tracer and the task that it stops most on one processor: a stop is two changes of task, and where each has
// to wake an idle processor, five times as dear.
//
// The task must not notice. Its affinity is put back before it makes a call that asks for or hands on an affinity (a
// new task inherits it), before it opens a file of /proc, and once it has not stopped for a while, so that what
// computes can be moved. One task at a time, so that others run beside it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>

#include <mutex>

#include "tracee/event.h"

namespace callgate::tracee {

class OneProcessor {
 public:
  OneProcessor();  // by the tracer's thread
  ~OneProcessor() { leave(); }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

  // By the tracer's thread, at each stop for a call, before the task goes on.
  void at_call(pid_t tid, const bpf::SeccompData& call);
  void ended(pid_t tid);
  // By another thread, each kTickMs: leaves a task that has not stopped since the last time.
  void tick();
  static constexpr int kTickMs = 20;
  pid_t joined() const;  // 0: none

 private:
  void join(pid_t tid);
  void leave();

  mutable std::mutex mutex_;
  pid_t tracer_;
  pid_t last_ = 0;  // stopped last, `in_a_row_` times
  int in_a_row_ = 0;
  int not_yet_ = 0;  // stops to go until one may be joined again
  pid_t joined_ = 0;
  bool stopped_ = false;  // since the last tick
  cpu_set_t theirs_{}, ours_{};
};

}  // namespace callgate::tracee
