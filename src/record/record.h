// callgate record: starts a program, and tells what it and all that it started did.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "record/ebpf.h"
#include "record/pulse.h"
#include "recording/recording.h"
#include "sandbox/launch.h"
#include "sandbox/supervise.h"

namespace callgate::record {

enum class Method : std::uint8_t { automatic, ebpf, ptrace };

struct Request {
  // Argv, environment and program; seals would be recorded as the program's own. A filter (by eBPF alone) is loaded
  // before recording begins, with no_new_privs: what it lets through is seen, what it refuses with `keep.denied` only.
  sandbox::Plan plan;
  Keep keep;
  Method method = Method::automatic;
  std::string tool;  // our version
  // By ptrace, without arguments: calls that need not be seen again. The program runs at nearly its own speed then.
  std::vector<std::pair<arch::AuditArch, arch::SyscallNr>> known;
  // Once no call came for so long that had not come before, the program and all that it left behind are told to end,
  // and killed ten seconds later. 0: they are not. For that we become the parent of whoever loses his
  // (PR_SET_CHILD_SUBREAPER).
  std::chrono::seconds quiet{};
  OnPulse on_pulse;  // called now and then from another thread, while the program runs; may be empty
  // By eBPF: waits for the program in place of sandbox::supervise(), as its tracer: `kernel` seizes it then.
  std::function<sandbox::Ended(const sandbox::Launched&)> supervise;
};

struct Outcome {
  recording::Run run;
  std::optional<base::Error> fell_back;  // why there is no eBPF, where the method was automatic
  bool late = false;                     // a container ran already: its start was not seen
  bool filtered = false;                 // what ran already was under a filter
  int told = 0;                          // as in sandbox::Ended
  bool never_began = false;  // a container, or the recording of it, ended before its runtime executed its program
};

// Unlike a launch under a filter this one leaves no_new_privs alone: set-user-id programs work as they do unrecorded
// (but by ptrace, where the kernel ignores the bit, and the filter needs no_new_privs). Returns once every task has
// ended; after the program's own end SIGINT, SIGTERM or SIGHUP end the recording early, and what still runs goes on.
tl::expected<Outcome, sandbox::Refusal> record(const Request& request, const sandbox::Kernel& kernel);

}  // namespace callgate::record
