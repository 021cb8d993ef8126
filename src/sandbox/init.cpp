// SPDX-License-Identifier: Apache-2.0
#include "sandbox/init.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/outer_filter.h"

namespace callgate::sandbox {

int run_init(pid_t program, bool& executed) {
  // The program alone decides when its files, pipes among them, are closed.
  close_range(0, ~0U, 0);
  sigset_t all;
  sigfillset(&all);
  for (;;) {
    int status = 0;
    pid_t ended = 0;
    if (killed_before_execve(program)) executed = false;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
      if (ended == program) return status;
    // Without a way to see its end there is no way to wait for it; ours ends the program.
    if (ended < 0 && errno != EINTR) return -errno;
    siginfo_t info{};
    const int signal = sigwaitinfo(&all, &info);
    // What the kernel sends to the foreground group the program has already; senders within the namespace have a
    // process id here, and can reach the program themselves.
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL && info.si_pid == 0) kill(program, signal);
  }
}

}  // namespace callgate::sandbox
