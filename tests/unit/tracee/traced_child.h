// A forked child that runs a function under our eyes. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "tracee/event.h"

namespace callgate::tracee {

class TracedChild {
 public:
  // `body` begins once the child is traced and stops at its calls, if the loop wants it so; its result is the status.
  explicit TracedChild(const std::function<int()>& body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      char byte = 0;
      if (read(ends[0], &byte, 1) != 1) _exit(125);
      _exit(body());
    }
    EXPECT_EQ(seize(pid_, tree_options(true)), 0);
    EXPECT_EQ(interrupt(pid_), 0);
    EXPECT_EQ(next_event(first_, true, pid_), Waited::event);
    EXPECT_EQ(write(ends[1], "", 1), 1);
    close(ends[0]);
    close(ends[1]);
  }
  ~TracedChild() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
  }
  TracedChild(const TracedChild&) = delete;
  TracedChild& operator=(const TracedChild&) = delete;
  pid_t pid() const { return pid_; }
  const Event& first() const { return first_; }

  // Runs the loop to the end of every task; `look` may resume an event itself by returning true. The child's status.
  int run(const std::function<bool(Event&)>& look, Until until = Until::next_call) {
    resume(first_, until);  // fails where the test has done so already
    Event event;
    int status = -1;
    while (next_event(event) == Waited::event) {
      if (event.kind == EventKind::ended && event.tid == pid_) {
        status = event.status;
        ended_ = true;
      }
      if (!look(event)) resume(event, until);
    }
    return status;
  }

 private:
  pid_t pid_ = -1;
  Event first_;
  bool ended_ = false;
};

}  // namespace callgate::tracee
