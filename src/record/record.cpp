// SPDX-License-Identifier: Apache-2.0
#include "record/record.h"

#include <fmt/format.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "record/diagnostic_ids.h"
#include "record/facts.h"
#include "record/running.h"
#include "record/tally.h"
#include "record/tracing_filter.h"
#include "sandbox/observe.h"

namespace callgate::record {

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t ns_since(Clock::time_point start) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - start).count());
}

sandbox::Kernel leaving_privileges(const sandbox::Kernel& kernel) {
  sandbox::Kernel out = kernel;
  out.no_new_privs = [] { return 0; };
  return out;
}

// Calls `report` every half second from a thread of its own, until it goes.
class Ticker {
 public:
  explicit Ticker(std::function<void()> report) {
    if (report)
      thread_ = std::jthread([this, report = std::move(report)](const std::stop_token& stop) { run(stop, report); });
  }

 private:
  void run(const std::stop_token& stop, const std::function<void()>& report) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, stop, std::chrono::milliseconds(500), [&] { return stop.stop_requested(); }))
      report();
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // last: it is joined before what it uses goes
};

// Waits until `ended` says so. False: we were told to stop, or the time was up.
bool await(const std::function<bool()>& ended, std::chrono::seconds limit = {}) {
  sigset_t all;
  sigfillset(&all);
  timespec pause{0, 1'000'000};
  const auto deadline = Clock::now() + limit;
  while (!ended()) {
    if (limit.count() > 0 && Clock::now() >= deadline) return false;
    siginfo_t info{};
    const int signal = sigtimedwait(&all, &info, &pause);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) return false;
    if (signal < 0) pause.tv_nsec = std::min(pause.tv_nsec * 2, 50'000'000L);
  }
  return true;
}

sandbox::Refusal refuse(const base::Error& error) {
  return {kNoEbpf, sandbox::kExitOwnFailure, error.message, "--method ptrace needs no rights, and is slow"};
}

tl::expected<recording::Run, sandbox::Refusal> by_ebpf(const Request& request, Ebpf& recorder,
                                                       const sandbox::Kernel& kernel) {
  recording::Run run = begin_run(request.tool, request.plan.argv, recording::Source::ebpf);
  run.with_arguments = request.keep.arguments;
  const auto start = Clock::now();
  const sandbox::SignalBlock signals;
  if (const auto marked = recorder.mark_launcher(); !marked) return tl::unexpected(refuse(marked.error()));
  const auto launched = sandbox::launch(request.plan, signals, false, leaving_privileges(kernel));
  const auto unmarked = recorder.unmark_launcher();
  if (!launched) return tl::unexpected(sandbox::describe(launched.error(), request.plan.program));
  std::atomic<bool> program_ended = false;
  {
    std::function<void()> report;
    if (request.on_progress) report = [&] { request.on_progress(recorder.progress(), program_ended); };
    const Ticker ticker(std::move(report));
    const sandbox::Ended ended = sandbox::supervise(*launched);
    if (ended.wait_errno != 0) return tl::unexpected(sandbox::describe_wait(ended, request.plan.program));
    if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
      return tl::unexpected(sandbox::describe(failure, request.plan.program));
    run.exit_status = ended.exit_status;
    run.signal = ended.signal;
    program_ended = true;
    run.finished = await([&] { return recorder.progress().alive <= 0; }) && unmarked.has_value();
  }
  run.duration_ns = ns_since(start);
  if (const auto read = recorder.finish(run); !read) return tl::unexpected(refuse(read.error()));
  return run;
}

tl::expected<recording::Run, sandbox::Refusal> by_ptrace(const Request& request, const sandbox::Kernel& kernel) {
  recording::Run run = begin_run(request.tool, request.plan.argv, recording::Source::ptrace);
  run.with_arguments = request.keep.arguments;
  run.blind = {recording::Blind::vsyscalls, recording::Blind::io_uring, recording::Blind::capabilities};
  const auto start = Clock::now();
  const sandbox::SignalBlock signals;
  // A filter that answers TRACE stops a call once, not at both ends. Filters of the program's own come first, so calls
  // that those refuse take the other way.
  const bool by_filter = !request.keep.denied;
  sandbox::Plan plan = request.plan;
  if (by_filter) {
    run.blind.front() = recording::Blind::denied;  // and filters do see the vsyscall page
    if (!request.keep.arguments) run.known = static_cast<std::uint32_t>(request.known.size());
    plan.filter = tracing_filter(run.known != 0 ? request.known : decltype(request.known)());
  }
  const sandbox::Watch watch = by_filter ? sandbox::Watch::traced_by_filter : sandbox::Watch::all_calls;
  const auto launched =
      sandbox::launch(plan, signals, true, sandbox::observing(by_filter ? kernel : leaving_privileges(kernel), watch));
  if (!launched) return tl::unexpected(sandbox::describe(launched.error(), request.plan.program));
  Tally tally(request.keep.arguments);
  const sandbox::Observer observer{
      [&](pid_t process, pid_t parent) { tally.started(process, parent); },
      [&](pid_t process, const bpf::SeccompData& call) {
        tally.called(process, {call.arch, call.nr, call.args}, ns_since(start));
      },
      [&](pid_t process, const std::string& comm, const sandbox::LoaderRange&) {
        std::error_code error;
        const auto path = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", process), error);
        tally.executed(process, comm, error ? std::string() : path.string(), ns_since(start));
      }};
  const sandbox::Ended ended = sandbox::observe(*launched, observer, {}, watch);
  if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
    return tl::unexpected(sandbox::describe(failure, request.plan.program));
  run.exit_status = ended.exit_status;
  run.signal = ended.signal;
  run.finished = true;
  run.duration_ns = ns_since(start);
  std::move(tally).finish(run);
  return run;
}

}  // namespace

tl::expected<Outcome, sandbox::Refusal> record(const Request& request, const sandbox::Kernel& kernel) {
  Outcome outcome;
  tl::expected<recording::Run, sandbox::Refusal> run;
  auto recorder = request.method == Method::ptrace ? base::Result<Ebpf>(base::fail(base::ErrorCode::unsupported, ""))
                                                   : Ebpf::attach(request.keep);
  if (recorder) {
    run = by_ebpf(request, *recorder, kernel);
  } else if (request.method == Method::ebpf) {
    return tl::unexpected(refuse(recorder.error()));
  } else {
    if (request.method == Method::automatic) outcome.fell_back = recorder.error();
    run = by_ptrace(request, kernel);
  }
  if (!run) return tl::unexpected(std::move(run).error());
  outcome.run = *std::move(run);
  add_build_ids(outcome.run);
  recording::settle(outcome.run);
  return outcome;
}

namespace {

std::vector<std::string> what_of(const AttachRequest& request) {
  std::vector<std::string> out;
  for (const pid_t process : request.processes) out.push_back(fmt::format("pid:{}", process));
  if (!request.cgroup.empty()) out.push_back("cgroup:" + request.cgroup);
  return out;
}

// The time or the signals that end the recording, or the end of everything that is recorded.
void await_attached(const AttachRequest& request, const Ebpf& recorder, recording::Run& run) {
  run.finished = await(
      [&] {
        const Progress progress = recorder.progress();
        // A cgroup may be empty at first; and whoever came may have gone since we last looked.
        return progress.tasks > 0 && progress.alive <= 0 && (request.cgroup.empty() || !is_populated(request.cgroup));
      },
      request.limit);
}

}  // namespace

tl::expected<Outcome, sandbox::Refusal> attach(const AttachRequest& request) {
  CgroupChoice cgroup;
  if (!request.cgroup.empty()) {
    const auto chosen = choose_cgroup(request.cgroup);
    if (!chosen)
      return tl::unexpected(sandbox::Refusal{kNothingThere, sandbox::kExitOwnFailure, chosen.error().message, {}});
    cgroup = *chosen;
  }
  auto recorder = Ebpf::attach(request.keep, cgroup);
  if (!recorder)
    return tl::unexpected(sandbox::Refusal{kNoEbpf, sandbox::kExitOwnFailure, recorder.error().message, {}});
  Outcome outcome;
  recording::Run& run = outcome.run;
  run = begin_run(request.tool, what_of(request), recording::Source::ebpf);
  run.with_arguments = request.keep.arguments;
  run.attached = true;
  const auto start = Clock::now();
  const sandbox::SignalBlock signals;
  std::vector<pid_t> processes = request.processes;
  if (!request.cgroup.empty())
    for (const pid_t process : processes_of_cgroup(request.cgroup)) processes.push_back(process);
  const auto marked = recorder->mark_running(processes);
  if (!marked) return tl::unexpected(sandbox::Refusal{kNoEbpf, sandbox::kExitOwnFailure, marked.error().message, {}});
  if (*marked == 0 && request.cgroup.empty())
    return tl::unexpected(sandbox::Refusal{
        kNothingThere, sandbox::kExitOwnFailure, fmt::format("there is no process {}", request.processes.front()), {}});
  {
    std::function<void()> report;
    if (request.on_progress) report = [&] { request.on_progress(recorder->progress(), false); };
    const Ticker ticker(std::move(report));
    await_attached(request, *recorder, run);
  }
  run.duration_ns = ns_since(start);
  if (const auto read = recorder->finish(run); !read)
    return tl::unexpected(sandbox::Refusal{kNoEbpf, sandbox::kExitOwnFailure, read.error().message, {}});
  add_build_ids(run);
  recording::settle(run);
  return outcome;
}

}  // namespace callgate::record
