// supervise_traced: a tracer that stops tasks at their end only, and reads there which call was fatal.
//
// At PTRACE_EVENT_EXIT a task killed by seccomp still has the registers of the fatal call. When KILL_PROCESS ends a
// process of many threads, the others end with the same signal in whatever call they were in; so a task counts only if
// the filter, run on its registers, answers with a kill. If none does (a filter that stood before ours did it), the
// first one is taken.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "bpf/simulate.h"
#include "sandbox/supervise.h"
#include "tracee/event.h"
#include "tracee/host/registers.h"

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

bool is_kill(policy::Action action) {
  using policy::ActionKind;
  return action.kind == ActionKind::kill_process || action.kind == ActionKind::kill_thread ||
         action.kind == ActionKind::trap;
}

class Tracer {
 public:
  Tracer(const Launched& launched, std::span<const bpf::Insn> filter)
      : launched_(launched), program_(launched.has_init() ? 0 : launched.pid()), filter_(filter) {}

  // Handles all changes there are; true once the program has ended.
  bool drain() {
    tracee::Event event;
    for (;;) {
      const tracee::Waited waited = tracee::next_event(event, false);
      if (waited != tracee::Waited::event) return ended_ || waited == tracee::Waited::no_tasks;
      // Init makes the program's process before any other.
      if (program_ == 0 && event.tid != launched_.pid()) program_ = event.tid;
      if (event.kind == tracee::EventKind::exiting) note_exit(event);
      if (event.kind == tracee::EventKind::ended && event.tid == launched_.pid()) {
        report_.ended = ended_from_wait(launched_.program_status().value_or(event.status));
        ended_ = true;
      }
      tracee::resume(event, tracee::Until::next_event);
    }
  }

  Report finish() {
    const bool any_ours =
        std::any_of(findings_.begin(), findings_.end(), [](const Finding& f) { return f.by_our_filter; });
    for (Finding& finding : findings_) {
      if (finding.by_our_filter != any_ours) continue;
      finding.killed.whole_program = finding.killed.pid == program_ && report_.ended.signal == SIGSYS;
      report_.killed.push_back(std::move(finding.killed));
      if (!any_ours) break;
    }
    return std::move(report_);
  }

 private:
  void note_exit(const tracee::Event& event) {
    const pid_t tid = event.tid;
    if ((event.message & 0x7f) != SIGSYS) return;
    const auto call = tracee::host::last_call(tid);
    if (!call) return;
    Finding finding;
    finding.killed = {tracee::process_of(tid), false, read_comm(tid), call->arch, call->nr, policy::kKillProcess};
    if (!filter_.empty()) {
      const policy::Action action = policy::from_return_value(bpf::run(filter_, *call).value);
      finding.by_our_filter = is_kill(action);
      if (finding.by_our_filter) finding.killed.action = action;
    }
    findings_.push_back(std::move(finding));
  }

  const Launched& launched_;
  pid_t program_;
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
