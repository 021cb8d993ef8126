// Waits for a launched program, passing signals on, and learns which call the filter killed it for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sandbox/audit.h"
#include "sandbox/launch.h"

namespace callgate::sandbox {

struct Ended {
  int exit_status = 0;  // as a shell has it: the program's own, or 128 + signal
  int signal = 0;       // 0 unless a signal ended it
  // False: a filter around us ended it before it had executed anything.
  bool executed = true;
  // Why its end could not be waited for: it was killed then.
  int wait_errno = 0;
  // The last signal that came to us and asks for an end (SIGINT, SIGTERM, SIGHUP, SIGQUIT); 0: none.
  int told = 0;
};
bool asks_for_end(int signal);

// A task that a filter ended: the program itself, one of its threads, or (traced) one of its children.
struct Killed {
  pid_t pid = 0;
  bool whole_program = true;  // false: another thread or process, while the program goes on
  std::string comm;           // the kernel's name for it, up to 15 characters
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;
  policy::Action action;
};
// "'ls' was killed by the filter: call pread64 (17, x86_64) → KILL_PROCESS".
std::string describe(const Killed& killed);

struct Report {
  Ended ended;
  std::vector<Killed> killed;
};

// Passes every signal sent to us on to the program, but not those that the kernel sends the whole foreground group
// (Ctrl-C): it has them already. Stops when the program stops.
Ended supervise(pid_t pid);
// The same for whatever launch() started: with an init of ours the end is that of its program.
Ended supervise(const Launched& launched);
// Why the program never ran, in the light of how it ended.
Failure failure_of(const Launched& launched, const Ended& ended);
// That the end of `program` could not be waited for.
Refusal describe_wait(const Ended& ended, const std::string& program);
// The program's process, which init may stand before, as we see it; 0 if it has ended.
pid_t program_pid(const Launched& launched);

// The same under ptrace. Works where the kernel log cannot be read, and names threads, 32-bit calls and children too.
// `filter` tells kills by the filter from other deaths by SIGSYS; it is run on the registers found.
Report supervise_traced(const Launched& launched, std::span<const bpf::Insn> filter);

// Calls `on_child_change` for each SIGCHLD until it returns true; other signals go to `pid`. `stop_too`: when the
// terminal stops the foreground group (Ctrl-Z), so do we. What came that asks for an end, as in Ended.
int forward_signals(pid_t pid, const std::function<bool()>& on_child_change, bool stop_too = false);
Ended ended_from_wait(int wait_status);

}  // namespace callgate::sandbox
