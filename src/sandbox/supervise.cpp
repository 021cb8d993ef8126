// SPDX-License-Identifier: Apache-2.0
#include "sandbox/supervise.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace callgate::sandbox {

std::string describe(const Killed& killed) {
  return fmt::format("'{}' was killed by the filter: call {} → {}", base::printable(killed.comm),
                     call_text(killed.audit, killed.nr), policy::to_string(killed.action));
}

Ended ended_from_wait(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {kExitSignalBase + WTERMSIG(wait_status), WTERMSIG(wait_status)};
  return {WEXITSTATUS(wait_status), 0};
}

void forward_signals(pid_t pid, const std::function<bool()>& on_child_change) {
  sigset_t all;
  sigfillset(&all);
  // The child may have ended before the first wait; its SIGCHLD is pending then, for it was blocked all along.
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&all, &info);
    if (signal < 0) continue;
    if (signal == SIGCHLD) {
      if (on_child_change()) return;
    } else if (info.si_code != SI_KERNEL) {
      kill(pid, signal);
    }
  }
}

Ended supervise(pid_t pid) {
  Ended ended;
  forward_signals(pid, [&] {
    int status = 0;
    for (;;) {
      const pid_t changed = waitpid(pid, &status, WNOHANG | WUNTRACED);
      if (changed == 0) return false;
      if (changed < 0) {
        if (errno == EINTR) continue;
        ended.exit_status = kExitOwnFailure;  // ECHILD: somebody else reaped it
        return true;
      }
      if (!WIFSTOPPED(status)) break;
      // Job control: our shell must see us stop. SIGCONT reaches the program from the shell, or from us afterwards.
      kill(getpid(), SIGSTOP);
    }
    ended = ended_from_wait(status);
    return true;
  });
  return ended;
}

}  // namespace callgate::sandbox
