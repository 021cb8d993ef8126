// SPDX-License-Identifier: Apache-2.0
#include "tracee/event.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <string_view>

#include "base/io.h"
#include "base/text.h"

namespace callgate::tracee {

namespace {

long result(long value) {
  return value < 0 ? -errno : value;
}

constexpr Ptrace kRealPtrace{
    .request = [](int request, pid_t tid, std::uintptr_t address, void* data) -> long {
      return result(ptrace(static_cast<__ptrace_request>(request), tid, address, data));
    },
    .wait = [](pid_t tid, int* status, int options) -> pid_t {
      for (;;) {
        const pid_t got = waitpid(tid, status, options);
        if (got >= 0) return got;
        if (errno != EINTR) return -errno;
      }
    },
    .read_memory = [](pid_t tid, std::uint64_t address, void* into, std::size_t bytes) -> ssize_t {
      const iovec here{into, bytes};
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
      const iovec there{reinterpret_cast<void*>(address), bytes};
      return result(process_vm_readv(tid, &here, 1, &there, 1, 0));
    },
    .write_memory = [](pid_t tid, std::uint64_t address, const void* from, std::size_t bytes) -> ssize_t {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves both directions
      const iovec here{const_cast<void*>(from), bytes};
      // NOLINTNEXTLINE(performance-no-int-to-ptr)
      const iovec there{reinterpret_cast<void*>(address), bytes};
      return result(process_vm_writev(tid, &here, 1, &there, 1, 0));
    },
};

EventKind kind_of_event(int event) {
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      return EventKind::new_task;
    case PTRACE_EVENT_VFORK_DONE:
      return EventKind::vfork_done;
    case PTRACE_EVENT_EXEC:
      return EventKind::exec;
    case PTRACE_EVENT_EXIT:
      return EventKind::exiting;
    case PTRACE_EVENT_SECCOMP:
      return EventKind::seccomp;
    default:
      return EventKind::stop;
  }
}

template <class Entry>
void take_call(const Entry& entry, const __ptrace_syscall_info& info, Event& out) {
  out.call.nr = static_cast<std::uint32_t>(entry.nr);
  for (std::size_t i = 0; i < out.call.args.size(); ++i) out.call.args[i] = entry.args[i];
  out.call.arch = info.arch;
  out.call.instruction_pointer = info.instruction_pointer;
}

// The kernel knows by itself whether a call begins or ends; a tracer that counts stops can get out of step.
int look_at_call(Event& out, const Ptrace& kernel) {
  __ptrace_syscall_info info{};
  const long got = kernel.request(PTRACE_GET_SYSCALL_INFO, out.tid, sizeof info, &info);
  if (got <= 0) return got < 0 ? static_cast<int>(got) : -EIO;
  out.call.arch = info.arch;
  out.call.instruction_pointer = info.instruction_pointer;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    out.kind = EventKind::call_entry;
    take_call(info.entry, info, out);
  } else if (info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
    out.kind = EventKind::seccomp;
    take_call(info.seccomp, info, out);
    out.message = info.seccomp.ret_data;
  } else {
    out.kind = EventKind::call_exit;
    out.result = info.exit.rval;
  }
  return 0;
}

// 0 or minus errno.
int look_at_stop(int status, Event& out, const Ptrace& kernel) {
  const int event = status >> 16, signal = WSTOPSIG(status);
  if (event == 0) {
    if (signal == (SIGTRAP | 0x80)) return look_at_call(out, kernel);
    out.kind = EventKind::signal;
    out.signal = signal;
    return 0;
  }
  if (event == PTRACE_EVENT_STOP) {
    out.kind = signal == SIGTRAP ? EventKind::stop : EventKind::group_stop;
    out.signal = signal == SIGTRAP ? 0 : signal;
    return 0;
  }
  out.kind = kind_of_event(event);
  if (out.kind == EventKind::seccomp) return look_at_call(out, kernel);
  unsigned long message = 0;
  const long got = kernel.request(PTRACE_GETEVENTMSG, out.tid, 0, &message);
  out.message = message;
  return got < 0 ? static_cast<int>(got) : 0;
}

pid_t status_field(pid_t tid, std::string_view field) {
  const auto status = base::read_file(fmt::format("/proc/{}/status", tid));
  if (!status) return tid;
  for (const std::string_view line : base::split(*status, '\n'))
    if (line.starts_with(field) && line.size() > field.size() && line[field.size()] == ':')
      if (const auto id = base::parse_u64(base::trim(line.substr(field.size() + 1)))) return static_cast<pid_t>(*id);
  return tid;
}

void* signal_data(const Event& event) {
  const std::uintptr_t signal = event.kind == EventKind::signal ? static_cast<std::uintptr_t>(event.signal) : 0;
  return reinterpret_cast<void*>(signal);  // NOLINT(performance-no-int-to-ptr): how ptrace takes a number
}

}  // namespace

const Ptrace& real_ptrace() {
  return kRealPtrace;
}

long tree_options(bool answers_filters) {
  return (answers_filters ? PTRACE_O_TRACESECCOMP : 0) | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
         PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_EXITKILL;
}

int seize(pid_t tid, long options, const Ptrace& kernel) {
  void* const data = reinterpret_cast<void*>(options);  // NOLINT(performance-no-int-to-ptr): how ptrace takes a number
  return static_cast<int>(kernel.request(PTRACE_SEIZE, tid, 0, data));
}

int interrupt(pid_t tid, const Ptrace& kernel) {
  return static_cast<int>(kernel.request(PTRACE_INTERRUPT, tid, 0, nullptr));
}

Waited next_event(Event& event, bool block, pid_t tid, const Ptrace& kernel) {
  for (;;) {
    int status = 0;
    const pid_t got = kernel.wait(tid, &status, __WALL | (block ? 0 : WNOHANG));
    if (got < 0) return Waited::no_tasks;
    if (got == 0) return Waited::nothing;
    event = Event{};
    event.tid = got;
    event.status = status;
    if (!WIFSTOPPED(status)) return Waited::event;
    event.kind = EventKind::stop;
    event.error = -look_at_stop(status, event, kernel);
    if (event.error != ESRCH) return Waited::event;
  }
}

int resume(const Event& event, Until until, const Ptrace& kernel) {
  if (event.kind == EventKind::ended) return 0;
  if (event.kind == EventKind::group_stop)
    return static_cast<int>(kernel.request(PTRACE_LISTEN, event.tid, 0, nullptr));
  const int request = until == Until::next_call ? PTRACE_SYSCALL : PTRACE_CONT;
  return static_cast<int>(kernel.request(request, event.tid, 0, signal_data(event)));
}

int detach(const Event& event, const Ptrace& kernel) {
  if (event.kind == EventKind::ended) return 0;
  return static_cast<int>(kernel.request(PTRACE_DETACH, event.tid, 0, signal_data(event)));
}

pid_t process_of(pid_t tid) {
  return status_field(tid, "Tgid");
}

pid_t parent_of(pid_t tid) {
  return status_field(tid, "PPid");
}

}  // namespace callgate::tracee
