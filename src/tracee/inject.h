// Makes system calls in the name of a stopped task, which notices nothing: its registers and signal mask are put back,
// and a call that was being made, or was interrupted, goes on as if nothing had been.
//
//   auto injection = tracee::Injection::begin(event);      // event: a stop from next_event()
//   auto value = injection->call("getpid", {});            // what the call returned, or the kernel's -errno
//   auto stop = injection->finish();                       // use this in place of `event` from now on
//
// Calls pass the task's filters like its own: one that is refused answers so, one that is killed ends the task. The
// memory that a call reads or writes must be got in the task itself (inject mmap); what lies below a stack may belong
// to others (goroutines). Where other threads run meanwhile, they can change that memory, too. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "tracee/event.h"
#include "tracee/host/registers.h"

namespace callgate::tracee {

class Injection {
 public:
  // At: call_entry, seccomp, call_exit, stop, group_stop, and a signal that was discarded (signal = 0).
  // Errors: invalid (another kind), unsupported (this architecture, or no instruction to enter the kernel by), io.
  static base::Result<Injection> begin(const Event& stop, const Ptrace& kernel = real_ptrace());
  // The call's number is that of audit(). Errors: io, unsupported (no such call); the task may have ended.
  base::Result<std::int64_t> call(std::string_view name, const host::Arguments& arguments);
  // AUDIT_ARCH_* of the calls made: a 32-bit task's pointers and structures are those of 32 bits.
  std::uint32_t audit() const { return audit_; }
  // The stop that the task is in now. A call that had only been entered is made anew: its entry is reported again.
  // After an error of call() or finish() the task is in no state to go on: end it.
  base::Result<Event> finish();

 private:
  Injection(const Event& stop, const Ptrace& kernel) : stop_(stop), kernel_(&kernel) {}
  base::Result<std::uint64_t> find_site() const;
  base::Result<Event> next_stop(int request, EventKind wanted);
  base::Result<Event> settle();

  Event stop_;
  const Ptrace* kernel_;
  host::Registers saved_{};
  std::uint64_t mask_ = 0;
  std::uint64_t site_ = 0;
  std::uint32_t audit_ = 0;
  bool at_entry_ = false;
  bool moved_ = false;       // a call has been made
  bool stop_later_ = false;  // a SIGSTOP came between
};

}  // namespace callgate::tracee
