// SPDX-License-Identifier: Apache-2.0
#include "phases/tasks.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <vector>

namespace callgate::phases {

using tracee::Event;
using tracee::EventKind;
using tracee::Waited;

Task& Tasks::task(pid_t tid) {
  const auto known = tasks_.find(tid);
  if (known != tasks_.end()) return known->second;
  Task& task = tasks_[tid];
  task.process = tracee::process_of(tid);
  if (!processes_.contains(task.process)) {
    const auto parent = processes_.find(tracee::parent_of(task.process));
    const bool listening = parent != processes_.end() && parent->second.listening;
    processes_[task.process].listening = listening;
  }
  return task;
}

void Tasks::note(const Event& event) {
  if (event.kind == EventKind::ended) {
    tasks_.erase(event.tid);
    return;
  }
  // After an execve the process has one thread, with the process's number; the others have gone without a word.
  if (event.kind == EventKind::exec) {
    const auto gone = [&](pid_t tid) {
      const auto known = tasks_.find(tid);
      return tid != event.tid && known != tasks_.end() && known->second.process == event.tid;
    };
    std::erase_if(queue_, [&](const Event& each) { return gone(each.tid); });
    std::erase_if(tasks_,
                  [&](const auto& entry) { return entry.second.process == event.tid && entry.first != event.tid; });
  }
  Task& task = this->task(event.tid);
  task.stopped = true;
  if (event.kind == EventKind::call_entry) task.call = event.call;
  if (event.kind == EventKind::vfork_done) task.in_vfork = false;
  // Known before its parent goes on, which may be let go then; one that has ended already is no more.
  const auto child = static_cast<pid_t>(event.message);
  if (event.kind == EventKind::new_task && access(fmt::format("/proc/{}", child).c_str(), F_OK) == 0) this->task(child);
  if (event.kind == EventKind::new_task && event.status >> 16 == PTRACE_EVENT_VFORK) task.in_vfork = true;
}

Waited Tasks::next(Event& event) {
  if (!queue_.empty()) {
    event = queue_.front();
    queue_.pop_front();
    return Waited::event;
  }
  const Waited waited = tracee::next_event(event, false, -1, *kernel_);
  if (waited == Waited::event) note(event);
  return waited;
}

void Tasks::answered(pid_t tid) {
  const auto known = tasks_.find(tid);
  if (known != tasks_.end()) known->second.stopped = false;
}

std::deque<Event> Tasks::take(pid_t process) {
  std::deque<Event> taken;
  for (auto each = queue_.begin(); each != queue_.end();) {
    const auto known = tasks_.find(each->tid);
    if (known != tasks_.end() && known->second.process == process) {
      taken.push_back(*each);
      each = queue_.erase(each);
    } else {
      ++each;
    }
  }
  return taken;
}

base::Result<void> Tasks::stop_all(pid_t but) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kPatience{10};
  const auto deadline = Clock::now() + kPatience;
  const auto runs = [&](const auto& entry) {
    return entry.first != but && !entry.second.stopped && !entry.second.in_vfork;
  };
  for (const auto& entry : tasks_)
    if (runs(entry)) tracee::interrupt(entry.first, *kernel_);  // fails where it has just ended
  for (;;) {
    const auto running = std::find_if(tasks_.begin(), tasks_.end(), runs);
    if (running == tasks_.end()) return {};
    const pid_t tid = running->first;
    Event event;
    const Waited waited = tracee::next_event(event, false, tid, *kernel_);
    if (waited == Waited::event) {
      note(event);
      queue_.push_back(event);
    } else if (waited == Waited::no_tasks) {
      tasks_.erase(tid);
    } else if (Clock::now() >= deadline) {
      return base::fail(base::ErrorCode::unsupported, fmt::format("thread {} does not stop", tid));
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}

}  // namespace callgate::phases
