// SPDX-License-Identifier: Apache-2.0
#include "sandbox/supervise.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"
#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/outer_filter.h"

namespace callgate::sandbox {

std::string describe(const Killed& killed) {
  return fmt::format("'{}' was killed by the filter: call {} → {}", base::printable(killed.comm),
                     call_text(killed.audit, killed.nr), policy::to_string(killed.action));
}

Ended ended_from_wait(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {kExitSignalBase + WTERMSIG(wait_status), WTERMSIG(wait_status)};
  return {WEXITSTATUS(wait_status), 0};
}

bool asks_for_end(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

int forward_signals(pid_t pid, const std::function<bool()>& on_child_change, bool stop_too) {
  sigset_t all;
  sigfillset(&all);
  int told = 0;
  // The child may have ended before the first wait; its SIGCHLD is pending then, for it was blocked all along.
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&all, &info);
    if (signal < 0) continue;
    if (asks_for_end(signal)) told = signal;
    if (signal == SIGCHLD) {
      if (on_child_change()) return told;
    } else if (info.si_code != SI_KERNEL) {
      kill(pid, signal);
    } else if (stop_too && (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
      kill(getpid(), SIGSTOP);
    }
  }
}

namespace {

Ended wait_for(pid_t pid, bool stop_too) {
  Ended ended;
  const int told = forward_signals(
      pid,
      [&] {
        int status = 0;
        for (;;) {
          if (killed_before_execve(pid)) ended.executed = false;
          const pid_t changed = waitpid(pid, &status, WNOHANG | WUNTRACED);
          if (changed == 0) return false;
          if (changed < 0) {
            if (errno == EINTR) continue;
            ended.exit_status = kExitOwnFailure;
            ended.wait_errno = errno;
            if (errno != ECHILD) kill(pid, SIGKILL);  // ECHILD: somebody else has reaped it
            return true;
          }
          if (!WIFSTOPPED(status)) break;
          // Job control: our shell must see us stop. SIGCONT reaches the program from the shell, or from us afterwards.
          kill(getpid(), SIGSTOP);
        }
        const bool executed = ended.executed;
        ended = ended_from_wait(status);
        ended.executed = executed;
        return true;
      },
      stop_too);
  ended.told = told;
  return ended;
}

}  // namespace

Ended supervise(pid_t pid) {
  return wait_for(pid, false);
}

Ended supervise(const Launched& launched) {
  // Stops of a program behind an init cannot be seen from here.
  Ended ended = wait_for(launched.pid(), launched.has_init());
  if (launched.has_init()) ended.executed = true;  // init never executes anything; it has told of the program itself
  const auto status = launched.program_status();
  if (!status) return ended;
  Ended of_program = ended_from_wait(*status);
  of_program.told = ended.told;
  return of_program;
}

Failure failure_of(const Launched& launched, const Ended& ended) {
  const Failure failure = launched.failure(ended.signal);
  return failure.stage == Stage::none && !ended.executed ? Failure{Stage::exec, 0, 0, ended.signal} : failure;
}

Refusal describe_wait(const Ended& ended, const std::string& program) {
  const bool gone = ended.wait_errno == ECHILD;
  return {kStepFailed, kExitOwnFailure,
          fmt::format("the end of '{}' cannot be waited for: {}", base::printable(program),
                      base::errno_text(ended.wait_errno)),
          gone ? "somebody else has taken its status" : "it was killed: nobody would have told how it ends"};
}

pid_t program_pid(const Launched& launched) {
  if (!launched.has_init()) return launched.pid();
  const auto children = base::read_file(fmt::format("/proc/{0}/task/{0}/children", launched.pid()));
  if (!children) return 0;
  const auto first = base::parse_u64(base::split(*children, ' ').front());
  return static_cast<pid_t>(first.value_or(0));
}

}  // namespace callgate::sandbox
