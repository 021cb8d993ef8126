// PID 1 of a sealed program: reaps whatever is left without a parent, passes signals from outside on to the program,
// and ends with it, which ends everything else in the namespace. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace callgate::sandbox {

// All signals must be blocked. Returns once `program` has ended, with its status as waitpid gives it; minus
// errno if that cannot be had. `executed` becomes false if a filter killed it before it had executed anything.
// Async-signal-safe.
int run_init(pid_t program, bool& executed);

}  // namespace callgate::sandbox
