// SPDX-License-Identifier: Apache-2.0
#include "record/record.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "record/diagnostic_ids.h"
#include "record/facts.h"
#include "record/quiet.h"
#include "record/running.h"
#include "record/tally.h"
#include "record/tracing_filter.h"
#include "record/waiting.h"
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

// As in bpf/recorder.bpf.c.
bool tells_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

sandbox::Refusal refuse(const base::Error& error) {
  return {kNoEbpf, sandbox::kExitOwnFailure, error.message, "--method ptrace needs no rights, and is slow"};
}

struct Recorded {
  recording::Run run;
  int told = 0;
};

// A filter takes no_new_privs; without one the program is not to notice that it is recorded.
sandbox::Kernel kernel_for(const Request& request, const sandbox::Kernel& kernel) {
  return request.plan.filter ? kernel : leaving_privileges(kernel);
}

tl::expected<Recorded, sandbox::Refusal> by_ebpf(const Request& request, Ebpf& recorder,
                                                 const sandbox::Kernel& kernel) {
  recording::Run run = begin_run(request.tool, request.plan.argv, recording::Source::ebpf);
  run.with_arguments = request.keep.arguments;
  run.serving_at = request.keep.serving_at;
  const auto start = Clock::now();
  const sandbox::SignalBlock signals;
  if (const auto marked = recorder.mark_launcher(); !marked) return tl::unexpected(refuse(marked.error()));
  const Foster foster(request.quiet.count() != 0);
  const bool traced = request.supervise != nullptr;
  const auto launched = sandbox::launch(request.plan, signals, traced, kernel_for(request, kernel));
  const auto unmarked = recorder.unmark_launcher();
  if (!launched) return tl::unexpected(sandbox::describe(launched.error(), request.plan.program));
  std::atomic<bool> program_ended = false;
  int told = 0;
  Watching watching(recorder, request.on_pulse);
  Quiet quiet(request.quiet);
  Ending ending(launched->pid());
  {
    const Ticker ticker(Watching::kPause, [&] {
      watching.look(program_ended);
      if (quiet.over(recorder.progress().calls)) ending.step();
    });
    const sandbox::Ended ended = traced ? request.supervise(*launched) : sandbox::supervise(*launched);
    if (ended.wait_errno != 0) return tl::unexpected(sandbox::describe_wait(ended, request.plan.program));
    if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
      return tl::unexpected(sandbox::describe(failure, request.plan.program));
    run.exit_status = ended.exit_status;
    run.signal = ended.signal;
    told = ended.told;
    program_ended = true;
    run.finished = await([&] { return recorder.progress().alive <= 0; }) && unmarked.has_value();
  }
  run.duration_ns = ns_since(start);
  if (const auto convergence = watching.windows().convergence(); convergence.windows > 0) run.convergence = convergence;
  if (const auto read = recorder.finish(run); !read) return tl::unexpected(refuse(read.error()));
  return Recorded{std::move(run), told};
}

tl::expected<Recorded, sandbox::Refusal> by_ptrace(const Request& request, const sandbox::Kernel& kernel) {
  recording::Run run = begin_run(request.tool, request.plan.argv, recording::Source::ptrace);
  run.with_arguments = request.keep.arguments;
  run.serving_at = request.keep.serving_at;
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
  Tally tally(request.keep);
  Quiet quiet(request.quiet);
  std::atomic<std::size_t> seen = 0;
  const sandbox::Observer observer{
      [&](pid_t process, pid_t parent) { tally.started(process, parent); },
      [&](pid_t process, const bpf::SeccompData& call) {
        tally.called(process, {call.arch, call.nr, call.args}, ns_since(start));
        seen = tally.calls();
      },
      [&](pid_t process, const std::string& comm, const sandbox::LoaderRange&) {
        std::error_code error;
        const auto path = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", process), error);
        tally.executed(process, comm, error ? std::string() : path.string(), ns_since(start));
      },
      [&](pid_t process, int signal) {
        if (tells_to_end(signal) && !ignores(process, signal)) tally.told_to_end(process);
      }};
  const sandbox::Ended ended = sandbox::observe(*launched, observer, {}, watch, [&] { return quiet.over(seen); });
  if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
    return tl::unexpected(sandbox::describe(failure, request.plan.program));
  run.exit_status = ended.exit_status;
  run.signal = ended.signal;
  run.finished = true;
  run.duration_ns = ns_since(start);
  std::move(tally).finish(run);
  return Recorded{std::move(run), ended.told};
}

}  // namespace

tl::expected<Outcome, sandbox::Refusal> record(const Request& request, const sandbox::Kernel& kernel) {
  Outcome outcome;
  tl::expected<Recorded, sandbox::Refusal> recorded;
  auto recorder = request.method == Method::ptrace ? base::Result<Ebpf>(base::fail(base::ErrorCode::unsupported, ""))
                                                   : Ebpf::attach(request.keep);
  if (recorder) {
    recorded = by_ebpf(request, *recorder, kernel);
  } else if (request.method == Method::ebpf) {
    return tl::unexpected(refuse(recorder.error()));
  } else {
    if (request.method == Method::automatic) outcome.fell_back = recorder.error();
    recorded = by_ptrace(request, kernel);
  }
  if (!recorded) return tl::unexpected(std::move(recorded).error());
  outcome.run = std::move(recorded->run);
  outcome.told = recorded->told;
  add_build_ids(outcome.run);
  recording::settle(outcome.run);
  return outcome;
}

}  // namespace callgate::record
