// The one place that knows how this machine passes system calls: registers of a stopped task as the seccomp_data that
// filters saw. Nothing outside this folder depends on the host's architecture.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

#include "bpf/program.h"

namespace callgate::sandbox::host {

// The call that task `tid` (a thread in a ptrace stop) made last. After a seccomp kill the kernel rolls the registers
// back to what they were on entry, so at PTRACE_EVENT_EXIT they still name the fatal call. Linux >= 5.3.
std::optional<bpf::SeccompData> last_call(pid_t tid);

}  // namespace callgate::sandbox::host
