// SPDX-License-Identifier: Apache-2.0
#include "record/quiet.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "record/running.h"

namespace callgate::record {

bool Quiet::over(std::size_t seen, Clock::time_point now) {
  if (seen != seen_) {
    seen_ = seen;
    since_ = now;
  }
  return limit_.count() != 0 && now - since_ >= limit_;
}

Ending::Ending(pid_t child) : child_(static_cast<int>(syscall(SYS_pidfd_open, child, 0U))) {}

void Ending::send(int signal) const {
  // The child itself comes first: what it does at its end (a shell, a server with workers) is its own business.
  if (child_ && syscall(SYS_pidfd_send_signal, child_.get(), signal, nullptr, 0U) == 0 && signal == SIGTERM) return;
  std::set<pid_t> processes;
  for (const TaskIds& task : tasks_below({getpid()})) processes.insert(task.process);
  processes.erase(getpid());
  for (const pid_t process : processes) kill(process, signal);
}

void Ending::step(Quiet::Clock::time_point now) {
  if (told_ && now < next_) return;
  constexpr std::chrono::seconds kAgain{1};
  send(told_ ? SIGKILL : SIGTERM);
  next_ = now + (told_ ? kAgain : kGrace);
  told_ = true;
}

Foster::Foster(bool wanted) : wanted_(wanted) {
  if (wanted_) prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
}

Foster::~Foster() {
  if (!wanted_) return;
  prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace callgate::record
