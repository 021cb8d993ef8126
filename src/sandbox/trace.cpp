// supervise_traced: a tracer that stops tasks at their end only, and reads there which call was fatal.
//
// At PTRACE_EVENT_EXIT a task killed by seccomp still has the registers of the fatal call. When KILL_PROCESS ends a
// process of many threads, the others end with the same signal in whatever call they were in; so a task counts only if
// the filter, run on its registers, answers with a kill. If none does (a filter that stood before ours did it), the
// first one is taken.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/text.h"
#include "bpf/simulate.h"
#include "sandbox/host/registers.h"
#include "sandbox/supervise.h"

namespace callgate::sandbox {

namespace {

struct Finding {
  Killed killed;
  bool by_our_filter = false;
};

std::string read_comm(pid_t tid) {
  const base::UniqueFd fd(open(("/proc/" + std::to_string(tid) + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  const ssize_t got = fd ? read(fd.get(), text.data(), text.size()) : 0;
  return got > 0 ? std::string(base::trim({text.data(), static_cast<std::size_t>(got)})) : std::string();
}

pid_t thread_group(pid_t tid) {
  auto status = base::read_file("/proc/" + std::to_string(tid) + "/status");
  if (!status) return tid;
  for (const std::string_view line : base::split(*status, '\n'))
    if (line.starts_with("Tgid:"))
      if (const auto id = base::parse_u64(base::trim(line.substr(5)))) return static_cast<pid_t>(*id);
  return tid;
}

bool is_kill(policy::Action action) {
  using policy::ActionKind;
  return action.kind == ActionKind::kill_process || action.kind == ActionKind::kill_thread ||
         action.kind == ActionKind::trap;
}

class Tracer {
 public:
  Tracer(const Launched& launched, std::span<const bpf::Insn> filter) : main_(launched.pid()), filter_(filter) {}

  // Handles all changes there are; true once the program has ended.
  bool drain() {
    int status = 0;
    for (;;) {
      const pid_t tid = waitpid(-1, &status, WNOHANG | __WALL);
      if (tid < 0 && errno == EINTR) continue;
      if (tid <= 0) return ended_ || tid < 0;
      if (WIFSTOPPED(status))
        on_stop(tid, status);
      else if (tid == main_) {
        report_.ended = ended_from_wait(status);
        ended_ = true;
      }
    }
  }

  Report finish() {
    const bool any_ours =
        std::any_of(findings_.begin(), findings_.end(), [](const Finding& f) { return f.by_our_filter; });
    for (Finding& finding : findings_) {
      if (finding.by_our_filter != any_ours) continue;
      finding.killed.whole_program = finding.killed.pid == main_ && report_.ended.signal == SIGSYS;
      report_.killed.push_back(std::move(finding.killed));
      if (!any_ours) break;
    }
    return std::move(report_);
  }

 private:
  void on_stop(pid_t tid, int status) {
    const int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXIT) note_exit(tid);
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);  // stopped by job control: leave it so
      return;
    }
    // A stop without an event is a signal on its way to the task.
    const long deliver = event == 0 ? signal : 0;
    ptrace(PTRACE_CONT, tid, nullptr, deliver);
  }

  void note_exit(pid_t tid) {
    unsigned long code = 0;
    if (ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &code) != 0 || (code & 0x7f) != SIGSYS) return;
    const auto call = host::last_call(tid);
    if (!call) return;
    Finding finding;
    finding.killed = {thread_group(tid), false, read_comm(tid), call->arch, call->nr, policy::kKillProcess};
    if (!filter_.empty()) {
      const policy::Action action = policy::from_return_value(bpf::run(filter_, *call).value);
      finding.by_our_filter = is_kill(action);
      if (finding.by_our_filter) finding.killed.action = action;
    }
    findings_.push_back(std::move(finding));
  }

  pid_t main_;
  std::span<const bpf::Insn> filter_;
  std::vector<Finding> findings_;
  Report report_;
  bool ended_ = false;
};

}  // namespace

Report supervise_traced(const Launched& launched, std::span<const bpf::Insn> filter) {
  Tracer tracer(launched, filter);
  forward_signals(launched.pid(), [&] { return tracer.drain(); });
  return tracer.finish();
}

}  // namespace callgate::sandbox
