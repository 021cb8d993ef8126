// What happens to traced tasks (threads), as values. A tracer is a loop:
//
//   tracee::Event event;
//   while (tracee::next_event(event) != tracee::Waited::no_tasks) {
//     switch (event.kind) { case tracee::EventKind::call_entry: … }
//     tracee::resume(event, tracee::Until::next_call);      // or detach(event)
//   }
//
// Each event but `ended` leaves its task stopped until resume() or detach() gets that event. Between the two, the
// task's registers (host/registers.h) and memory (memory.h) can be read and changed, and calls made in its name
// (inject.h). A launched child is seized with tree_options() (ptrace.h: `seccomp` events only if asked for) before it
// executes anything.
//
// Stops are PTRACE_SEIZE's: group stops are told from signals, and a task whose group is stopped stays so.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "bpf/program.h"
#include "tracee/ptrace.h"

namespace callgate::tracee {

enum class EventKind : std::uint8_t {
  call_entry,  // about to make `call`; filters have not seen it yet (Linux >= 4.8)
  call_exit,   // `result` is what the call returned
  seccomp,     // a filter answered TRACE to `call`, with `message` as its data; a changed call passes all filters again
  new_task,    // clone, fork or vfork: `message` is the new task. That one first reports a `stop` (perhaps before this)
  vfork_done,  // the child has executed or ended
  exec,        // execve has succeeded and is about to return; `message` is the thread that called it, `tid` the process
  exiting,     // about to end with the wait status `message`; its registers can still be read
  signal,      // `signal` is on its way to the task; resume() delivers it: 0 there discards it
  group_stop,  // stopped by `signal` with its whole process; resume() leaves it so until SIGCONT
  stop,        // by interrupt(), at a new task's start, or at the end of a group stop
  ended,       // `status` as waitpid gives it; there is no task any more
};

struct Event {
  EventKind kind = EventKind::ended;
  pid_t tid = 0;
  int signal = 0;
  int status = 0;
  int error = 0;  // errno: the stop could not be looked at, so that only its kind is known, or not even that
  std::uint64_t message = 0;
  std::int64_t result = 0;
  bpf::SeccompData call;
};

enum class Waited : std::uint8_t { event, nothing, no_tasks };
// The next event of any task; `tid`: of that one alone. With `block` it waits for one, and never answers `nothing`.
// A task that vanishes while its stop is being looked at (SIGKILL) is told by its `ended` later.
Waited next_event(Event& event, bool block = true, pid_t tid = -1, const Ptrace& kernel = real_ptrace());

enum class Until : std::uint8_t { next_event, next_call };
// 0 or minus errno. ESRCH: the task has been killed; its `ended` is still to come.
int resume(const Event& event, Until until, const Ptrace& kernel = real_ptrace());
// The task goes on untraced: as after resume(), a signal is delivered and a group stop lasts.
int detach(const Event& event, const Ptrace& kernel = real_ptrace());

// Fields of /proc/TID/status; `tid` itself where the task has gone.
pid_t process_of(pid_t tid);
pid_t parent_of(pid_t tid);

}  // namespace callgate::tracee
