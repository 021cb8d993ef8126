// What seals deny by argument, on top of the profile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "policy/policy.h"
#include "sandbox/seals.h"

namespace callgate::sandbox {

// For this machine's architecture and those whose calls its kernel takes, too; everything else is allowed. Nothing
// where nothing is to be denied.
//
// `memory` with no_exec_memory: memory that is executable and anonymous, or writable and executable; made executable
// later; memfd_create, whose file is memory; execveat of an open file; personality READ_IMPLIES_EXEC; ptrace, which
// writes code; i386's old mmap, whose arguments lie in memory (/proc/PID/mem is the plan's to close). A file that the
// program wrote can still be mapped. `net`, unless it is the machine's: sockets of AF_VSOCK, which reach the hypervisor
// past network namespaces (not those of i386's socketcall, whose arguments lie in memory). `process`: ioctl TIOCSTI and
// TIOCLINUX, with which a program types into the terminal that it shares with us.
std::optional<policy::Policy> guard(const Seals& seals);

}  // namespace callgate::sandbox
