// SPDX-License-Identifier: Apache-2.0
#include "sandbox/observe.h"

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "arch/calls.h"
#include "base/text.h"
#include "tracee/event.h"
#include "tracee/one_processor.h"

namespace callgate::sandbox {

namespace {

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
  Watcher(pid_t main, const Observer& observer, Watch watch)
      : main_(main), observer_(observer), all_calls_(watch == Watch::all_calls), processes_{{main, main}} {}

  // Until nobody is left.
  void follow() {
    tracee::Event event;
    const tracee::EventKind told = all_calls_ ? tracee::EventKind::call_entry : tracee::EventKind::seccomp;
    while (tracee::next_event(event) == tracee::Waited::event) {
      if (event.kind == told) {
        observer_.on_call(process_of(event.tid), event.call);
        processor_.at_call(event.tid, event.call);
      }
      if (event.kind == tracee::EventKind::exec) on_exec(event.tid);
      // At once: the parent may have gone on when the child makes its first call.
      if (event.kind == tracee::EventKind::new_task) process_of(static_cast<pid_t>(event.message));
      if (event.kind == tracee::EventKind::signal && observer_.on_signal)
        observer_.on_signal(process_of(event.tid), event.signal);
      if (event.kind == tracee::EventKind::ended) on_end(event);
      tracee::resume(event, all_calls_ ? tracee::Until::next_call : tracee::Until::next_event);
    }
  }
  Ended ended() const { return ended_; }
  // By another thread, as the two below. To the program; once that has ended, to the children that it left behind.
  void send(int signal) const {
    const std::lock_guard lock(mutex_);
    if (processes_.contains(main_)) {
      kill(main_, signal);
      return;
    }
    for (const auto& [tid, process] : processes_)
      if (tid == process) kill(process, signal);
  }
  bool main_lives() const {
    const std::lock_guard lock(mutex_);
    return processes_.contains(main_);
  }
  void tick() { processor_.tick(); }

 private:
  pid_t process_of(pid_t tid) {
    const auto known = processes_.find(tid);
    if (known != processes_.end()) return known->second;
    const pid_t process = tracee::process_of(tid);
    if (process == tid && tid != main_) observer_.on_process(tid, tracee::parent_of(tid));
    const std::lock_guard lock(mutex_);
    processes_[tid] = process;
    return process;
  }

  void on_end(const tracee::Event& event) {
    processor_.ended(event.tid);
    const std::lock_guard lock(mutex_);
    processes_.erase(event.tid);
    if (event.tid == main_) ended_ = ended_from_wait(event.status);
  }

  void on_exec(pid_t tid) {
    const pid_t process = process_of(tid);
    // The launch's own execve was made before stops at calls began.
    if (!started_ && all_calls_)
      if (const auto nr = arch::number(arch::native(), "execve"))
        observer_.on_call(process, {*nr, arch::info(arch::native()).audit, 0, {}});
    started_ = true;
    auto comm = base::read_file(fmt::format("/proc/{}/comm", process));
    observer_.on_exec(process, comm ? std::string(base::trim(*comm)) : std::string(), find_loader(process));
  }

  pid_t main_;
  const Observer& observer_;
  bool all_calls_;
  tracee::OneProcessor processor_;
  mutable std::mutex mutex_;          // for what other threads read; this one alone writes
  std::map<pid_t, pid_t> processes_;  // by thread
  Ended ended_;
  bool started_ = false;
};

// A stop is told by waitpid; a SIGCHLD for each would be as dear as the wait.
class QuietStops {
 public:
  QuietStops() {
    struct sigaction quiet{};
    quiet.sa_handler = SIG_DFL;
    quiet.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &quiet, &before_);
  }
  ~QuietStops() { sigaction(SIGCHLD, &before_, nullptr); }
  QuietStops(const QuietStops&) = delete;
  QuietStops& operator=(const QuietStops&) = delete;

 private:
  struct sigaction before_{};
};

// A thread that passes signals on, keeps the limit, and ticks, while the tracer's waits for stops alone.
class Attendant {
 public:
  Attendant(Watcher& watcher, std::chrono::seconds limit, const std::function<bool()>& enough)
      : thread_([this, &watcher, limit, &enough] { attend(watcher, limit, enough); }) {}
  ~Attendant() {
    done_ = true;
    pthread_kill(thread_.native_handle(), SIGCHLD);  // out of its wait
    thread_.join();
  }
  int told() const { return told_; }
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;

 private:
  void attend(Watcher& watcher, std::chrono::seconds limit, const std::function<bool()>& enough) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds kGrace{2};
    constexpr timespec kTick{0, tracee::OneProcessor::kTickMs * 1'000'000L};
    std::optional<Clock::time_point> deadline;
    if (limit.count() != 0) deadline = Clock::now() + limit;
    int next = SIGTERM;
    sigset_t all;
    sigfillset(&all);
    while (!done_) {
      siginfo_t info{};
      const int signal = sigtimedwait(&all, &info, &kTick);
      watcher.tick();
      if (asks_for_end(signal)) told_ = signal;
      // What the kernel sends to the whole foreground group (Ctrl-C), the program has already.
      if (signal > 0 && signal != SIGCHLD && (info.si_code != SI_KERNEL || !watcher.main_lives())) watcher.send(signal);
      if (!deadline && enough && enough()) deadline = Clock::now();
      if (!deadline || Clock::now() < *deadline) continue;
      watcher.send(next);
      next = SIGKILL;
      deadline = Clock::now() + kGrace;
    }
  }

  std::atomic<bool> done_ = false;
  std::atomic<int> told_ = 0;
  std::thread thread_;  // last: it uses the above
};

}  // namespace

Kernel observing(const Kernel& kernel, Watch watch) {
  Kernel out = kernel;
  if (watch == Watch::traced_by_filter)
    out.seize = [](pid_t child) { return tracee::seize(child, tracee::tree_options(true)); };
  else
    out.seize = [](pid_t child) { return tracee::seize(child, tracee::tree_options()); };
  return out;
}

Ended observe(const Launched& launched, const Observer& observer, std::chrono::seconds limit, Watch watch,
              const std::function<bool()>& enough) {
  const QuietStops quiet;
  Watcher watcher(launched.pid(), observer, watch);
  int told = 0;
  {
    const Attendant attendant(watcher, limit, enough);
    watcher.follow();
    told = attendant.told();
  }
  Ended ended = watcher.ended();
  ended.told = told;
  return ended;
}

}  // namespace callgate::sandbox
