// The kernel as a tracer sees it. Tests replace a function to make any one step fail.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace callgate::tracee {

// Each returns what the system call returns, or minus errno.
struct Ptrace {
  // `request`: PTRACE_*; all but the PEEK requests.
  long (*request)(int request, pid_t tid, std::uintptr_t address, void* data);
  pid_t (*wait)(pid_t tid, int* status, int options);  // of waitpid; interruptions are not seen
  ssize_t (*read_memory)(pid_t tid, std::uint64_t address, void* into, std::size_t bytes);
  ssize_t (*write_memory)(pid_t tid, std::uint64_t address, const void* from, std::size_t bytes);
};
const Ptrace& real_ptrace();

// For PTRACE_SEIZE. The children and threads of a traced task are traced from their first instruction on, with the same
// options; all are killed if we end. Calls stop only where resume() asks for it. With `answers_filters` those that a
// filter answers with TRACE stop, too (`seccomp`), and are made unless changed; without, they fail with ENOSYS, as they
// do where nobody traces.
long tree_options(bool answers_filters = false);
// 0 or minus errno. The task goes on; interrupt() stops it.
int seize(pid_t tid, long options, const Ptrace& kernel = real_ptrace());
// The task will report a `stop`, unless another stop comes first, or its end.
int interrupt(pid_t tid, const Ptrace& kernel = real_ptrace());

}  // namespace callgate::tracee
