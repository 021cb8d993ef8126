// Every call after the first is made from the exit of the one before: instruction pointer back to the instruction, all
// signals blocked, so that nothing but SIGSTOP and SIGKILL comes between. At the end the kernel itself decides how an
// interrupted call goes on: with the old registers back, PTRACE_INTERRUPT brings the task to the very place where the
// kernel looks for signals and restarts calls, and there we leave it.
// SPDX-License-Identifier: Apache-2.0
#include "tracee/inject.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "arch/calls.h"
#include "base/io.h"
#include "base/text.h"
#include "tracee/memory.h"

namespace callgate::tracee {

namespace {

tl::unexpected<base::Error> failed(std::string_view what, pid_t tid, long negative_errno) {
  const int error = static_cast<int>(-negative_errno);
  return base::fail(base::ErrorCode::io, fmt::format("{} of task {}: {}", what, tid, base::errno_text(error)), error);
}

bool can_begin(const Event& stop) {
  switch (stop.kind) {
    case EventKind::call_entry:
    case EventKind::seccomp:
    case EventKind::call_exit:
    case EventKind::stop:
    case EventKind::group_stop:
      return true;
    case EventKind::signal:
      return stop.signal == 0;
    default:
      return false;
  }
}

bool holds_instruction(pid_t tid, std::uint64_t address, const host::CallInstruction& wanted, const Ptrace& kernel) {
  std::array<std::byte, 4> found{};
  const std::span<std::byte> part(found.data(), wanted.length);
  return read_memory(tid, address, part, kernel) && std::equal(part.begin(), part.end(), wanted.bytes.begin());
}

struct Range {
  std::uint64_t begin, end;
};

// The kernel's own code first: it is small, and has the instruction.
std::vector<Range> code_ranges(pid_t tid) {
  std::vector<Range> ranges;
  const auto maps = base::read_file(fmt::format("/proc/{}/maps", tid));
  if (!maps) return ranges;
  for (const std::string_view line : base::split(*maps, '\n')) {
    const std::size_t dash = line.find('-'), blank = line.find(' ');
    if (blank == std::string_view::npos || dash > blank ||
        line.substr(blank + 1, 3).find('x') == std::string_view::npos)
      continue;
    const auto begin = base::parse_u64(fmt::format("0x{}", line.substr(0, dash)));
    const auto end = base::parse_u64(fmt::format("0x{}", line.substr(dash + 1, blank - dash - 1)));
    if (!begin || !end || line.ends_with("[vsyscall]")) continue;
    ranges.insert(line.ends_with("[vdso]") ? ranges.begin() : ranges.end(), {*begin, *end});
  }
  return ranges;
}

}  // namespace

base::Result<Injection> Injection::begin(const Event& stop, const Ptrace& kernel) {
  if (!host::can_inject())
    return base::fail(base::ErrorCode::unsupported, "calls cannot be made in a task's name on this architecture");
  if (!can_begin(stop)) return base::fail(base::ErrorCode::invalid, "no call can be made at this stop");
  Injection out(stop, kernel);
  CALLGATE_TRY(out.saved_, host::read_registers(stop.tid, kernel));
  out.at_entry_ = stop.kind == EventKind::call_entry || stop.kind == EventKind::seccomp;
  out.audit_ = out.at_entry_ ? stop.call.arch : host::audit_arch(out.saved_);
  CALLGATE_TRY(out.site_, out.find_site());
  std::uint64_t all = ~std::uint64_t{0};
  if (const long e = kernel.request(PTRACE_GETSIGMASK, stop.tid, sizeof out.mask_, &out.mask_); e < 0)
    return failed("signal mask", stop.tid, e);
  if (const long e = kernel.request(PTRACE_SETSIGMASK, stop.tid, sizeof all, &all); e < 0)
    return failed("setting the signal mask", stop.tid, e);
  return out;
}

base::Result<std::uint64_t> Injection::find_site() const {
  const host::CallInstruction wanted = host::call_instruction(audit_);
  const std::uint64_t before = host::instruction_pointer(saved_) - wanted.length;
  if (at_entry_ || holds_instruction(stop_.tid, before, wanted, *kernel_)) return before;
  constexpr std::size_t kChunk = std::size_t{64} * 1024;
  std::vector<std::byte> code;
  for (const Range& range : code_ranges(stop_.tid))
    for (std::uint64_t at = range.begin; at < range.end; at += kChunk) {
      code.resize(std::min<std::uint64_t>(kChunk, range.end - at));
      if (!read_memory(stop_.tid, at, code, *kernel_)) break;
      const auto found = std::search(code.begin(), code.end(), wanted.bytes.begin(),
                                     wanted.bytes.begin() + static_cast<std::ptrdiff_t>(wanted.length));
      if (found != code.end()) return at + static_cast<std::uint64_t>(found - code.begin());
    }
  return base::fail(base::ErrorCode::unsupported,
                    fmt::format("task {} has no instruction that enters the kernel", stop_.tid));
}

// Lets the task run to the stop wanted; what else may come between is passed over.
base::Result<Event> Injection::next_stop(int request, EventKind wanted) {
  for (int between = 0; between < 64; ++between) {
    if (const long e = kernel_->request(request, stop_.tid, 0, nullptr); e < 0) return failed("resuming", stop_.tid, e);
    Event event;
    if (next_event(event, true, stop_.tid, *kernel_) != Waited::event) break;
    if (event.error != 0) return failed("a stop", stop_.tid, -event.error);
    if (event.kind == wanted) return event;
    if (event.kind == EventKind::group_stop && wanted == EventKind::stop) return event;  // by interrupt(), too
    if (event.kind == EventKind::signal && event.signal == SIGSTOP) {
      stop_later_ = true;
      continue;
    }
    const bool passing = event.kind == EventKind::seccomp || event.kind == EventKind::stop ||
                         event.kind == EventKind::group_stop || event.kind == EventKind::call_exit ||
                         event.kind == EventKind::call_entry;
    if (!passing) break;
  }
  return base::fail(base::ErrorCode::io,
                    fmt::format("task {} ended, or was refused, in a call made for it", stop_.tid));
}

base::Result<std::int64_t> Injection::call(std::string_view name, const host::Arguments& arguments) {
  const auto owners = arch::with_audit(audit_);
  const auto nr = owners.empty() ? std::nullopt : arch::number(owners.front(), name);
  if (!nr) return base::fail(base::ErrorCode::unsupported, fmt::format("no call '{}' here", name));
  host::Registers registers = saved_;
  const bool in_place = at_entry_ && !moved_;
  if (in_place)
    host::replace_call(registers, audit_, *nr, arguments);
  else
    host::prepare_call(registers, audit_, site_, *nr, arguments);
  moved_ = true;
  CALLGATE_CHECK(host::write_registers(stop_.tid, registers, *kernel_));
  if (!in_place) CALLGATE_CHECK(next_stop(PTRACE_SYSCALL, EventKind::call_entry));
  CALLGATE_TRY(const Event exit, next_stop(PTRACE_SYSCALL, EventKind::call_exit));
  return exit.result;
}

// Back to where the kernel looks for signals and restarts calls.
base::Result<Event> Injection::settle() {
  if (const int e = interrupt(stop_.tid, *kernel_); e < 0) return failed("stopping", stop_.tid, e);
  return next_stop(PTRACE_CONT, EventKind::stop);
}

base::Result<Event> Injection::finish() {
  host::Registers registers = saved_;
  if (moved_ && at_entry_) host::prepare_again(registers, site_);
  CALLGATE_CHECK(host::write_registers(stop_.tid, registers, *kernel_));
  if (const long e = kernel_->request(PTRACE_SETSIGMASK, stop_.tid, sizeof mask_, &mask_); e < 0)
    return failed("setting the signal mask", stop_.tid, e);
  if (!moved_) return stop_;
  CALLGATE_TRY(Event event, settle());
  if (stop_later_) syscall(SYS_tgkill, process_of(stop_.tid), stop_.tid, SIGSTOP);
  return event;
}

}  // namespace callgate::tracee
