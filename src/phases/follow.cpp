// SPDX-License-Identifier: Apache-2.0
#include "phases/follow.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "phases/find_main.h"
#include "phases/tasks.h"
#include "tracee/memory.h"

namespace callgate::phases {

namespace {

using tracee::Event;
using tracee::EventKind;
using tracee::Until;
using tracee::Waited;
using Clock = std::chrono::steady_clock;

bool calls_can_be_made(const Event& event) {
  switch (event.kind) {
    case EventKind::call_entry:
    case EventKind::call_exit:
    case EventKind::stop:
    case EventKind::group_stop:
      return true;
    default:
      return false;
  }
}

class Follower {
 public:
  Follower(const sandbox::Launched& launched, const Switch& change, const tracee::Ptrace& kernel)
      : launched_(&launched), change_(&change), kernel_(&kernel), tasks_(kernel), finder_(kernel) {
    tasks_.task(launched.pid());
  }

  // Handles all changes there are; true once nobody is left to be followed, or the program could not be switched.
  bool drain() {
    Event event;
    for (;;) {
      const Waited waited = tasks_.next(event);
      if (waited == Waited::nothing) return tasks_.empty();
      if (waited == Waited::no_tasks) return true;
      if (event.kind == EventKind::ended) {
        on_end(event);
      } else if (failed()) {
        kill(event.tid, SIGKILL);
        answer(event, Until::next_event);
      } else {
        on_event(event);
      }
    }
  }

  void on_deadline() {
    if (change_->at.point != Point::time || time_is_up_) return;
    time_is_up_ = true;
    for (const auto& [tid, task] : tasks_.tasks()) tracee::interrupt(tid, *kernel_);
  }

  Outcome finish() {
    if (ended_) outcome_.ended = ended_;
    return outcome_;
  }

 private:
  bool failed() const { return !outcome_.failure.empty(); }

  void on_end(const Event& event) {
    if (event.tid != launched_->pid()) return;
    const auto status = launched_->program_status();
    ended_ = sandbox::ended_from_wait(status.value_or(event.status));
  }

  // Nothing runs on that was to be switched and was not.
  void fail(std::string why) {
    if (failed()) return;
    outcome_.failure = std::move(why);
    kill(launched_->pid(), SIGKILL);
    for (const auto& [tid, task] : tasks_.tasks()) kill(task.process, SIGKILL);
  }

  void check(int error, const Event& event) {
    if (error == 0 || error == -ESRCH) return;  // killed by somebody: its end is still to come
    fail("ptrace of task " + std::to_string(event.tid) + " failed");
  }

  void answer(const Event& event, Until until) {
    tasks_.answered(event.tid);
    check(tracee::resume(event, until, *kernel_), event);
    // A shell must see that its job has stopped; SIGCONT reaches all of the job.
    if (event.kind == EventKind::group_stop && event.tid == launched_->pid() && !failed()) kill(getpid(), SIGSTOP);
  }

  void let_go(const Event& event) {
    const int error = tracee::detach(event, *kernel_);
    check(error, event);
    if (error == 0) tasks_.forget(event.tid);
  }

  void on_event(Event& event) {
    if (event.error != 0) {
      fail("ptrace of task " + std::to_string(event.tid) + " failed");
      answer(event, Until::next_event);
      return;
    }
    Task& task = tasks_.task(event.tid);
    Process& process = tasks_.process(task.process);
    if (process.switched) {
      let_go(event);
      return;
    }
    if (event.kind == EventKind::exec) on_exec(event, process);
    if (!failed() && is_switch(event, task, process))
      change(event, task.process);
    else
      answer(event, started_ ? Until::next_call : Until::next_event);
  }

  void on_exec(const Event& event, Process& process) {
    const Point point = change_->at.point;
    if (!started_) {
      started_ = true;
      first_ = event.tid;
      if (launched_->has_init()) tasks_.process(launched_->pid()).switched = true;
      if (point == Point::main)
        if (const auto begun = finder_.begin(event); !begun) fail(begun.error().message);
    } else if (event.tid == first_) {
      if (point == Point::exec) process.due = true;
      if (point == Point::main) fail("it has executed another program before its main()");
    }
  }

  bool is_switch(Event& event, const Task& task, Process& process) {
    if (!started_) return false;
    if (process.due || time_is_up_) return calls_can_be_made(event);
    if (change_->at.point == Point::main) {
      if (task.process != first_) return false;
      const auto at_main = finder_.at_main(event);
      if (!at_main) fail("main() was not found: " + at_main.error().message);
      return at_main && *at_main;
    }
    if (event.kind == EventKind::call_entry) return is_entry_switch(event, process);
    if (event.kind == EventKind::call_exit) return is_exit_switch(event, task, process);
    return false;
  }

  bool is_entry_switch(const Event& event, const Process& process) const {
    if (change_->at.point != Point::accept) return false;
    const Meaning meaning = meaning_of(event.call);
    return meaning == Meaning::accept || (meaning == Meaning::wait && process.listening);
  }

  bool is_exit_switch(const Event& event, const Task& task, Process& process) const {
    const Meaning meaning = meaning_of(task.call);
    if (meaning == Meaning::listen && event.result == 0) {
      process.listening = true;
      return change_->at.point == Point::listen;
    }
    if (meaning != Meaning::question || change_->at.point != Point::marker) return false;
    const auto path =
        tracee::read_text(event.tid, task.call.args[path_argument(task.call)], change_->at.marker.size() + 1, *kernel_);
    return path && *path == change_->at.marker;
  }

  void change(const Event& event, pid_t process) {
    if (const auto stopped = tasks_.stop_all(event.tid); !stopped) {
      fail(stopped.error().message);
      answer(event, Until::next_event);
      return;
    }
    const auto after = load_filter(event, change_->next, *kernel_);
    if (!after) {
      fail(after.error().message);
      kill(event.tid, SIGKILL);
      tasks_.answered(event.tid);
      if (access(("/proc/" + std::to_string(event.tid)).c_str(), F_OK) != 0) tasks_.forget(event.tid);
      return;
    }
    tasks_.process(process).switched = true;
    ++outcome_.switched;
    let_go(*after);
    for (const Event& each : tasks_.take(process)) {
      if (each.kind == EventKind::ended)
        on_end(each);
      else
        let_go(each);
    }
  }

  const sandbox::Launched* launched_;
  const Switch* change_;
  const tracee::Ptrace* kernel_;
  Tasks tasks_;
  MainFinder finder_;
  Outcome outcome_;
  std::optional<sandbox::Ended> ended_;
  pid_t first_ = 0;  // the program's first process, once it has been executed
  bool started_ = false;
  bool time_is_up_ = false;
};

}  // namespace

sandbox::Kernel following(const sandbox::Kernel& kernel) {
  sandbox::Kernel out = kernel;
  out.seize = [](pid_t child) { return tracee::seize(child, tracee::tree_options()); };
  return out;
}

Outcome follow(const sandbox::Launched& launched, const Switch& change, const tracee::Ptrace& kernel) {
  Follower follower(launched, change, kernel);
  const bool timed = change.at.point == Point::time;
  const auto deadline = Clock::now() + std::chrono::milliseconds(change.at.milliseconds);
  sigset_t all;
  sigfillset(&all);
  for (;;) {
    if (follower.drain()) return follower.finish();
    siginfo_t info{};
    constexpr timespec kPause{0, 20'000'000};
    const int signal = timed ? sigtimedwait(&all, &info, &kPause) : sigwaitinfo(&all, &info);
    if (timed && Clock::now() >= deadline) follower.on_deadline();
    // What the kernel sends to the whole foreground group (Ctrl-C), the program has already.
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) kill(launched.pid(), signal);
  }
}

}  // namespace callgate::phases
