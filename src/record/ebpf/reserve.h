// Asks for CAP_SYS_ADMIN that only the last reserve of memory depends on, told from others (bpf/recorder.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf/recorder.h"

namespace callgate::record {

// Once the programs are attached: learns from two asks of this thread's own where the kernel asks. If it cannot be told
// from others (or the kernel has no tracepoint for capabilities, or we are in a PID namespace), all asks are recorded.
void learn_reserve(recorder_tables& tables);

}  // namespace callgate::record
