// Puts a filter into a stopped process, all its threads at once. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phases/grant.h"
#include "tracee/event.h"

namespace callgate::phases {

struct NextFilter {
  bpf::Program program;
  policy::Policy policy;  // what the program does
  Grant grant;
};

// All tasks that could write to the process's memory must be stopped: the filter lies there while the kernel reads it.
// Afterwards the task is at the stop returned. On an error the process must be ended: the message says why, and a
// thread that has a filter of its own is named.
base::Result<tracee::Event> load_filter(const tracee::Event& stop, const NextFilter& next,
                                        const tracee::Ptrace& kernel = tracee::real_ptrace());

}  // namespace callgate::phases
