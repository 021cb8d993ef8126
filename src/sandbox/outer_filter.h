// A filter that we are under ourselves, a container's or the caller's, may kill whoever makes a call that a launch
// needs. Nobody can tell of his own death: such calls are tried by a child first, and an end before execve is told from
// the program's own. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace callgate::sandbox {

// By /proc/self/status, for the call that tells may be refused itself; true where that cannot be read.
bool under_filter();

// Whether `call` ends by SIGSYS, or by any other signal, whoever makes it: a child of ours tries, in our memory. False
// if there can be no child.
bool is_deadly(int (*call)(void*), void* argument);

// Whether `child`, not yet waited for, was ended by SIGSYS and has executed nothing. Async-signal-safe.
bool killed_before_execve(pid_t child);

}  // namespace callgate::sandbox
