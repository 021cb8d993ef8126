// SPDX-License-Identifier: Apache-2.0
#include "sandbox/observe.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "arch/calls.h"
#include "base/text.h"

namespace callgate::sandbox {

namespace {

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;

// A field of /proc/PID/status.
pid_t status_field(pid_t tid, std::string_view field, pid_t otherwise) {
  const auto status = base::read_file(fmt::format("/proc/{}/status", tid));
  if (!status) return otherwise;
  for (const std::string_view line : base::split(*status, '\n'))
    if (line.starts_with(field) && line.size() > field.size() && line[field.size()] == ':')
      if (const auto id = base::parse_u64(base::trim(line.substr(field.size() + 1)))) return static_cast<pid_t>(*id);
  return otherwise;
}

// Right after an exec nothing is mapped but the program, its interpreter and the kernel's own.
LoaderRange find_loader(pid_t process) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", process), error).string();
  const auto maps = base::read_file(fmt::format("/proc/{}/maps", process));
  LoaderRange range;
  if (error || !maps) return range;
  for (const std::string_view line : base::split(*maps, '\n')) {
    const std::size_t dash = line.find('-'), blank = line.find(' '), path = line.find('/');
    if (path == std::string_view::npos || line.substr(path) == program || dash > blank) continue;
    const auto begin = base::parse_u64(fmt::format("0x{}", line.substr(0, dash)));
    const auto end = base::parse_u64(fmt::format("0x{}", line.substr(dash + 1, blank - dash - 1)));
    if (!begin || !end) continue;
    if (range.end == 0) range.begin = *begin;
    range.end = *end;
  }
  return range;
}

class Watcher {
 public:
  Watcher(pid_t main, const Observer& observer) : main_(main), observer_(observer), processes_{{main, main}} {}

  // Handles all changes there are; true once nobody is left.
  bool drain() {
    int status = 0;
    for (;;) {
      const pid_t tid = waitpid(-1, &status, WNOHANG | __WALL);
      if (tid < 0 && errno == EINTR) continue;
      if (tid <= 0) return tid < 0;
      if (WIFSTOPPED(status)) {
        on_stop(tid, status);
        continue;
      }
      processes_.erase(tid);
      if (tid == main_) ended_ = ended_from_wait(status);
    }
  }
  Ended ended() const { return ended_; }
  // To the program; once that has ended, to the children that it left behind.
  void send(int signal) const {
    if (processes_.contains(main_)) {
      kill(main_, signal);
      return;
    }
    for (const auto& [tid, process] : processes_)
      if (tid == process) kill(process, signal);
  }
  bool main_lives() const { return processes_.contains(main_); }

 private:
  void on_stop(pid_t tid, int status) {
    const int event = status >> 16, signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      on_call(tid);
    } else if (event == PTRACE_EVENT_EXEC) {
      on_exec(tid);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);  // stopped by job control: leave it so
      return;
    }
    // A stop without an event is a signal on its way to the task.
    const long deliver = event == 0 && signal != (SIGTRAP | 0x80) ? signal : 0;
    ptrace(PTRACE_SYSCALL, tid, nullptr, deliver);
  }

  pid_t process_of(pid_t tid) {
    const auto known = processes_.find(tid);
    if (known != processes_.end()) return known->second;
    const pid_t process = status_field(tid, "Tgid", tid);
    if (process == tid && tid != main_) observer_.on_process(tid, status_field(tid, "PPid", main_));
    processes_[tid] = process;
    return process;
  }

  void on_call(pid_t tid) {
    __ptrace_syscall_info info{};
    const std::size_t size = sizeof info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, size, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    bpf::SeccompData call;
    call.nr = static_cast<std::uint32_t>(info.entry.nr);
    call.arch = info.arch;
    call.instruction_pointer = info.instruction_pointer;
    for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = info.entry.args[i];
    observer_.on_call(process_of(tid), call);
  }

  void on_exec(pid_t tid) {
    const pid_t process = process_of(tid);
    // The launch's own execve was made before stops at calls began.
    if (!started_)
      if (const auto nr = arch::number(arch::native(), "execve"))
        observer_.on_call(process, {*nr, arch::info(arch::native()).audit, 0, {}});
    started_ = true;
    auto comm = base::read_file(fmt::format("/proc/{}/comm", process));
    observer_.on_exec(process, comm ? std::string(base::trim(*comm)) : std::string(), find_loader(process));
  }

  pid_t main_;
  const Observer& observer_;
  std::map<pid_t, pid_t> processes_;  // by thread
  Ended ended_;
  bool started_ = false;
};

}  // namespace

Kernel observing(const Kernel& kernel) {
  Kernel out = kernel;
  out.seize = [](pid_t child) { return ptrace(PTRACE_SEIZE, child, nullptr, kOptions) < 0 ? -errno : 0; };
  return out;
}

Ended observe(const Launched& launched, const Observer& observer, std::chrono::seconds limit) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kGrace{2};
  Watcher watcher(launched.pid(), observer);
  const bool limited = limit.count() > 0;
  auto deadline = Clock::now() + limit;
  int next = SIGTERM;
  sigset_t all;
  sigfillset(&all);
  // The child may have ended before the first wait; its SIGCHLD is pending then, for it was blocked all along.
  for (;;) {
    siginfo_t info{};
    constexpr timespec kPause{0, 100'000'000};
    const int signal = limited ? sigtimedwait(&all, &info, &kPause) : sigwaitinfo(&all, &info);
    if (signal == SIGCHLD && watcher.drain()) return watcher.ended();
    // What the kernel sends to the whole foreground group (Ctrl-C), the program has already.
    if (signal > 0 && signal != SIGCHLD && (info.si_code != SI_KERNEL || !watcher.main_lives())) watcher.send(signal);
    if (!limited || Clock::now() < deadline) continue;
    watcher.send(next);
    next = SIGKILL;
    deadline = Clock::now() + kGrace;
  }
}

}  // namespace callgate::sandbox
