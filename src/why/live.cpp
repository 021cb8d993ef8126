// SPDX-License-Identifier: Apache-2.0
#include "why/live.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <vector>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/io.h"
#include "base/text.h"
#include "tracee/event.h"
#include "tracee/host/answer.h"

namespace callgate::why {

namespace {

using policy::Action;
using policy::ActionKind;
using tracee::Event;
using tracee::EventKind;
using tracee::Until;

constexpr std::int64_t kEnosys = 38;

std::string link_of(pid_t tid, std::string_view name) {
  std::array<char, 4096> path{};
  const ssize_t got = readlink(fmt::format("/proc/{}/{}", tid, name).c_str(), path.data(), path.size());
  return got > 0 ? base::printable({path.data(), static_cast<std::size_t>(got)}, 512) : std::string();
}

// Up to the first page that is not there.
std::size_t read_some(pid_t tid, std::uint64_t address, std::span<std::byte> out) {
  constexpr std::uint64_t kPage = 4096;
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t at = address + done;
    const std::size_t wanted = std::min<std::uint64_t>(out.size() - done, kPage - at % kPage);
    const ssize_t got = tracee::real_ptrace().read_memory(tid, at, out.data() + done, wanted);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::string end_words(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("ended by {}{}", arch::signal_name(WTERMSIG(status)),
                       WCOREDUMP(status) ? ", core dumped" : "");  // NOLINT
  return fmt::format("exited with {}", WEXITSTATUS(status));
}

class Follower {
 public:
  Follower(const sandbox::Launched& launched, const StandIn& stand_in, const Unwinder* unwinder, const Following& how)
      : launched_(launched), main_(launched.pid()), stand_in_(stand_in), unwinder_(unwinder), how_(how) {}

  // Handles all changes there are; true once nobody is left.
  bool drain() {
    Event event;
    for (;;) {
      const tracee::Waited waited = tracee::next_event(event, false);
      if (waited != tracee::Waited::event) return waited == tracee::Waited::no_tasks;
      handle(event);
    }
  }
  // To the program; once that has ended, to what it left behind.
  void send(int signal) const {
    if (!main_ended_) {
      kill(main_, signal);
      return;
    }
    for (const auto& [tid, task] : tasks_) kill(tid, signal);
  }
  std::size_t found() const { return out_.journal.denials().size() + out_.journal.dropped(); }
  Followed finish(int told) {
    out_.ended.told = told;
    return std::move(out_);
  }

 private:
  struct Task {
    std::optional<std::size_t> denial;  // the last one, in the journal
    bool awaits_next = false;           // what it does next is not yet told
    std::optional<policy::SyscallNr> renumbered;
    bool own_filters = false;   // it is under filters of the program's own, too
    std::uint64_t process = 0;  // 0: not yet looked up
    std::string program;
  };

  void handle(const Event& event) {
    Until until = Until::next_event;
    // A new task may stop before its parent's call tells whose it is, and so what it is under.
    if (event.kind == EventKind::stop && out_.own_filters && !tasks_.contains(event.tid)) {
      held_.push_back(event);
      return;
    }
    if (event.kind != EventKind::ended) tasks_.try_emplace(event.tid);
    switch (event.kind) {
      case EventKind::seccomp:
        until = denied(event);
        break;
      case EventKind::call_exit:
        returned(event);
        until = Until::next_call;
        break;
      case EventKind::call_entry:
        if (!outranked(event)) tell_next(event.tid, fmt::format("called {}", name_of(event.call)));
        break;
      case EventKind::new_task:
        if (tasks_[event.tid].own_filters) put_under_own_filters(static_cast<pid_t>(event.message));
        tasks_.try_emplace(static_cast<pid_t>(event.message));
        release(static_cast<pid_t>(event.message));
        break;
      case EventKind::exec:
        tasks_[event.tid].process = 0;  // another program now
        if (event.message != static_cast<std::uint64_t>(event.tid)) tasks_.erase(static_cast<pid_t>(event.message));
        break;
      case EventKind::signal:
        signalled(event);
        break;
      case EventKind::ended:
        ended(event);
        return;
      default:
        break;
    }
    tracee::resume(event, tasks_[event.tid].own_filters ? Until::next_call : until);
  }

  // Where another filter answers with an error, the kernel does not come to our TRACE; the kill or trap that TRACE
  // stands for would have gone before that error. So from now on each of the task's calls is looked at before the
  // filters.
  void put_under_own_filters(pid_t tid) {
    const bool known = tasks_.contains(tid);
    Task& task = tasks_[tid];
    if (known && !task.own_filters) tracee::interrupt(tid);  // it may be running
    task.own_filters = true;
  }

  // 0: all of them, for whom nobody is left to tell.
  void release(pid_t tid) {
    std::vector<Event> still;
    for (const Event& each : held_) {
      if (tid != 0 && each.tid != tid) {
        still.push_back(each);
        continue;
      }
      tracee::resume(each, tasks_[each.tid].own_filters ? Until::next_call : Until::next_event);
    }
    held_ = std::move(still);
  }

  void own_filter_loaded(const Event& event) {
    out_.own_filters = true;
    tasks_[event.tid].own_filters = true;
    constexpr std::uint64_t kSynchronise = 1;  // SECCOMP_FILTER_FLAG_TSYNC: all threads get it
    if (name_of(event.call) != "seccomp" || (event.call.args[1] & kSynchronise) == 0) return;
    const pid_t process = tracee::process_of(event.tid);
    std::vector<pid_t> others;
    for (const auto& [tid, task] : tasks_)
      if (tid != event.tid && tracee::process_of(tid) == process) others.push_back(tid);
    for (const pid_t tid : others) put_under_own_filters(tid);
  }

  // At a call's entry, before any filter.
  bool outranked(const Event& event) {
    if (!tasks_[event.tid].own_filters) return false;
    const Action said = policy::evaluate(stand_in_.policy, {event.call.arch, event.call.nr, event.call.args});
    if (said.kind != ActionKind::trace || said.data >= stand_in_.answers.size()) return false;
    if (!stand_in_.number_for(stand_in_.answers[said.data])) return false;
    Event as_if = event;
    as_if.message = said.data;
    denied(as_if);
    return true;
  }

  static std::string name_of(const bpf::SeccompData& call) {
    const std::string_view name = arch::name_of_call(call.arch, call.nr);
    return name.empty() ? fmt::format("call {:#x}", call.nr) : std::string(name);
  }

  // One thing that a task did after a denial; the first is kept, and its end.
  void tell_next(pid_t tid, const std::string& what) {
    Task& task = tasks_[tid];
    if (!task.denial || !task.awaits_next) return;
    task.awaits_next = false;
    std::string& next = out_.journal.denials()[*task.denial].next;
    if (next.empty()) next = what;
  }

  // Looked up once a program, not once a denial: a program may be denied a hundred thousand calls.
  static void look_up(pid_t tid, Task& task) {
    task.process = static_cast<std::uint64_t>(tracee::process_of(tid));
    const auto comm = base::read_file(fmt::format("/proc/{}/comm", tid));
    task.program = comm ? base::printable(base::trim(*comm)) : std::string();
  }

  Denial make(const Event& event, Action answer) {
    Task& task = tasks_[event.tid];
    if (task.process == 0) look_up(event.tid, task);
    Denial out;
    out.call = {event.call.arch, event.call.nr, event.call.args};
    out.action = answer;
    out.process = task.process;
    out.program = task.program;
    out.thread = static_cast<std::uint64_t>(event.tid);
    out.address = event.call.instruction_pointer;
    return out;
  }

  // Memory is read and the stack walked only for the first of several that are alike.
  std::optional<std::size_t> record(const Event& event, Action answer) {
    Denial denial = make(event, answer);
    if (const auto again = out_.journal.count_again(denial)) return again;
    const pid_t tid = event.tid;
    denial.decoded = decode::decode(
        denial.call, denial.known,
        [tid](std::uint64_t address, std::span<std::byte> out) { return read_some(tid, address, out); },
        [tid](int fd) { return link_of(tid, fmt::format("fd/{}", fd)); });
    denial.executable = link_of(tid, "exe");
    if (unwinder_ != nullptr) denial.backtrace = unwinder_->live(static_cast<int>(denial.process), tid);
    if (how_.on_new) how_.on_new(denial);
    return out_.journal.add(std::move(denial));
  }

  Until denied(const Event& event) {
    if (event.message >= stand_in_.answers.size()) {  // another filter's TRACE; without us it were ENOSYS
      tracee::host::answer_call(event.tid, -kEnosys);
      return Until::next_event;
    }
    const Action answer = stand_in_.answers[event.message];
    if (answer == policy::kAllow) {
      own_filter_loaded(event);
      return Until::next_call;
    }
    tell_next(event.tid, fmt::format("called {}, denied, too", name_of(event.call)));
    Task& task = tasks_[event.tid];
    task.denial = record(event, answer);
    task.awaits_next = task.denial && out_.journal.denials()[*task.denial].next.empty();
    switch (answer.kind) {
      case ActionKind::errno_:
        tracee::host::answer_call(event.tid, -std::int64_t{answer.data});
        break;
      case ActionKind::notify:
      case ActionKind::trace:
        tracee::host::answer_call(event.tid, -kEnosys);
        break;
      case ActionKind::log:
      case ActionKind::allow:
        break;
      default:
        task.renumbered = event.call.nr;
        if (const auto nr = stand_in_.number_for(answer)) tracee::host::renumber_call(event.tid, *nr);
        return Until::next_event;
    }
    return task.awaits_next ? Until::next_call : Until::next_event;
  }

  void returned(const Event& event) {
    const Task& task = tasks_[event.tid];
    if (!task.denial) return;
    std::string& outcome = out_.journal.denials()[*task.denial].outcome;
    if (!outcome.empty()) return;
    const auto error = event.result < 0 && event.result > -4096 ? static_cast<std::uint16_t>(-event.result) : 0;
    const std::string_view name = arch::errno_name(static_cast<std::uint16_t>(error));
    outcome = error == 0 ? fmt::format("returned {}", event.result)
                         : fmt::format("returned -1 {}", name.empty() ? fmt::format("{}", error) : std::string(name));
  }

  void signalled(const Event& event) {
    Task& task = tasks_[event.tid];
    if (event.signal == SIGSYS && task.renumbered) {
      tracee::host::relabel_signal(event.tid, *task.renumbered);
      if (task.denial) out_.journal.denials()[*task.denial].outcome = "got SIGSYS";
      task.renumbered.reset();
      return;
    }
    tell_next(event.tid, fmt::format("got {}", arch::signal_name(event.signal)));
  }

  void ended(const Event& event) {
    const Task& task = tasks_[event.tid];
    if (task.denial) {
      Denial& denial = out_.journal.denials()[*task.denial];
      const std::string end = end_words(event.status);
      // Of denials alike the first one's task is told of.
      if (task.renumbered && denial.outcome.empty())
        denial.outcome = end;
      else if (denial.thread == static_cast<std::uint64_t>(event.tid))
        denial.next += denial.next.empty() ? end : ", then " + end;
    }
    tasks_.erase(event.tid);
    release(0);
    if (event.tid != main_) return;
    main_ended_ = true;
    // Init ends as its program did, and has told of that.
    out_.ended = sandbox::ended_from_wait(launched_.program_status().value_or(event.status));
  }

  const sandbox::Launched& launched_;
  pid_t main_;  // the program, or init before it
  const StandIn& stand_in_;
  const Unwinder* unwinder_;
  const Following& how_;
  std::map<pid_t, Task> tasks_;  // those that are alive
  std::vector<Event> held_;      // first stops of tasks whose parent has not yet told of them
  bool main_ended_ = false;
  Followed out_;
};

}  // namespace

sandbox::Kernel following(const sandbox::Kernel& kernel) {
  sandbox::Kernel out = kernel;
  out.seize = [](pid_t child) { return tracee::seize(child, tracee::tree_options(true)); };
  return out;
}

namespace {

// When a program is to end for nothing new comes: SIGTERM then, and SIGKILL after a while.
class Quiet {
 public:
  explicit Quiet(std::chrono::seconds quiet) : quiet_(quiet), deadline_(Clock::now() + quiet) {}
  void look(const Follower& follower) {
    if (quiet_.count() == 0) return;
    const auto now = Clock::now();
    if (next_ == SIGTERM && follower.found() != found_) {
      found_ = follower.found();
      deadline_ = now + quiet_;
    }
    if (now < deadline_) return;
    constexpr std::chrono::seconds kGrace{10}, kAgain{1};
    follower.send(next_);
    deadline_ = now + (next_ == SIGTERM ? kGrace : kAgain);  // a killed program may have left others behind
    next_ = SIGKILL;
  }
  bool waits() const { return quiet_.count() != 0; }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::seconds quiet_;
  Clock::time_point deadline_;
  std::size_t found_ = 0;
  int next_ = SIGTERM;
};

}  // namespace

Followed follow(const sandbox::Launched& launched, const StandIn& stand_in, const Unwinder* unwinder,
                const Following& how) {
  Follower follower(launched, stand_in, unwinder, how);
  Quiet quiet(how.quiet);
  int told = 0;
  sigset_t all;
  sigfillset(&all);
  // The child may have ended before the first wait; its SIGCHLD is pending then, for it was blocked all along.
  for (;;) {
    siginfo_t info{};
    constexpr timespec kPause{0, 200'000'000};
    const int signal = quiet.waits() ? sigtimedwait(&all, &info, &kPause) : sigwaitinfo(&all, &info);
    if (sandbox::asks_for_end(signal)) told = signal;
    if (signal == SIGCHLD && follower.drain()) return follower.finish(told);
    quiet.look(follower);
    // What the kernel sends to the whole foreground group (Ctrl-C), the program has already.
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) follower.send(signal);
  }
}

}  // namespace callgate::why
