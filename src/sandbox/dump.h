// The filters that are in force in a live process, read back from the kernel as classic BPF.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "base/result.h"
#include "bpf/program.h"

namespace callgate::sandbox {

// ptrace as a dump sees it; each returns minus errno on failure.
struct Tracing {
  int (*seize)(pid_t pid);                                       // and stop it
  int (*filter)(pid_t pid, unsigned index, bpf::Insn* program);  // null: the number of instructions alone
  int (*detach)(pid_t pid);
};
const Tracing& real_tracing();

// Newest first; empty for a process without filters. The process is stopped for the time of the reading.
// Errors: unsupported (no right to, or the kernel lacks CONFIG_CHECKPOINT_RESTORE), invalid (no such process).
base::Result<std::vector<bpf::Program>> dump_filters(pid_t pid, const Tracing& tracing = real_tracing());

}  // namespace callgate::sandbox
