// What becomes of a call in place of being made, as a filter would have it. For stops at a call's entry and at a
// filter's TRACE; the kernel then asks the filters again. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "tracee/ptrace.h"

namespace callgate::tracee::host {

// Each gives 0 or minus errno.

// The call is not made and returns `result`: a value, or minus errno.
int answer_call(pid_t tid, std::int64_t result, const Ptrace& kernel = real_ptrace());
// The call gets this number and keeps its arguments.
int renumber_call(pid_t tid, std::uint32_t nr, const Ptrace& kernel = real_ptrace());
// While a SIGSYS that a filter raised for a number of renumber_call() is on its way: the handler sees `nr`, in the
// signal's information and in its registers.
int relabel_signal(pid_t tid, std::uint32_t nr, const Ptrace& kernel = real_ptrace());

}  // namespace callgate::tracee::host
