// SPDX-License-Identifier: Apache-2.0
#include "sandbox/outer_filter.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"
#include "base/text.h"

namespace callgate::sandbox {

bool under_filter() {
  const auto status = base::read_file("/proc/self/status", 16384);
  if (!status) return true;
  constexpr std::string_view kField = "\nSeccomp:\t";
  const std::size_t at = status->find(kField);
  // A kernel without seccomp has no such line.
  return at != std::string::npos && status->compare(at + kField.size(), 1, "0") != 0;
}

bool is_deadly(int (*call)(void*), void* argument) {
  // Not clone(2): that may be the deadly call. What a child may do in our memory Linux leaves to us.
  const pid_t child = vfork();  // NOLINT(bugprone-unsafe-functions)
  // NOLINTNEXTLINE(clang-analyzer-unix.Vfork)
  if (child == 0) _exit(call(argument) < 0 ? 1 : 0);
  if (child < 0) return false;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFSIGNALED(status);
}

bool killed_before_execve(pid_t child) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != child)
    return false;
  if ((info.si_code != CLD_KILLED && info.si_code != CLD_DUMPED) || info.si_status != SIGSYS) return false;
  // The group of a child that has executed something can no longer be changed; that of a dead one hurts nobody.
  return setpgid(child, 0) == 0;
}

}  // namespace callgate::sandbox
