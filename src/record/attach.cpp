// SPDX-License-Identifier: Apache-2.0
#include "record/attach.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <algorithm>
#include <memory>

#include "record/diagnostic_ids.h"
#include "record/facts.h"
#include "record/quiet.h"
#include "record/running.h"
#include "record/waiting.h"
#include "sandbox/launch.h"

namespace callgate::record {

namespace {

using Clock = std::chrono::steady_clock;

sandbox::Refusal no_ebpf(const base::Error& error) {
  return {kNoEbpf, sandbox::kExitOwnFailure, error.message, {}};
}
sandbox::Refusal nothing_there(std::string message) {
  return {kNothingThere, sandbox::kExitOwnFailure, std::move(message), {}};
}

// One recording that goes on.
class Attached {
 public:
  explicit Attached(const AttachRequest& request) : request_(request), quiet_(request.quiet) {}
  tl::expected<void, sandbox::Refusal> begin();
  // Looks for what is waited for. True once there is nothing more to come.
  bool step();
  // Nothing new came for long enough.
  bool is_quiet() {
    const Progress progress = recorder_->progress();
    return progress.tasks > 0 && quiet_.over(progress.calls);
  }
  void tick() { watching_->look(false); }
  tl::expected<Outcome, sandbox::Refusal> finish(bool ended);

 private:
  base::Result<void> take(const Target& target);
  void look();
  void learn_who();
  bool waits() const { return request_.look && !found_; }

  const AttachRequest& request_;
  Quiet quiet_;
  std::optional<Ebpf> recorder_;
  std::optional<Watching> watching_;
  Outcome outcome_;
  std::string cgroup_;
  Clock::time_point started_, next_look_;
  bool found_ = false;  // it runs, or was seen to start
  bool asked_who_ = false;
  std::optional<base::Error> failure_;
};

base::Result<void> Attached::take(const Target& target) {
  if (target.container) outcome_.run.container = target.container;
  CALLGATE_CHECK(recorder_->watch(target.cgroup_names));
  if (const auto marked = recorder_->mark_running(target.starting, Ebpf::Stage::runtime); !marked)
    return tl::unexpected(marked.error());
  std::vector<pid_t> processes = target.processes;
  if (!target.cgroup.empty())
    for (const pid_t process : processes_of_cgroup(target.cgroup)) processes.push_back(process);
  if (processes.empty()) return {};
  // Who was put there while we watched has its mark already: its start was seen.
  const auto marked = recorder_->mark_running(processes, Ebpf::Stage::serving);
  if (!marked) return tl::unexpected(marked.error());
  if (*marked == 0) return {};
  outcome_.run.attached = true;
  outcome_.filtered = std::ranges::any_of(processes, under_a_filter);
  return {};
}

tl::expected<void, sandbox::Refusal> Attached::begin() {
  CgroupChoice cgroup;
  if (cgroup_ = request_.target.cgroup; !cgroup_.empty()) {
    const auto chosen = choose_cgroup(cgroup_);
    if (!chosen) return tl::unexpected(nothing_there(chosen.error().message));
    cgroup = *chosen;
  }
  const bool containers = request_.look || !request_.target.cgroup_names.empty();
  auto recorder = Ebpf::attach(request_.keep, cgroup, containers);
  if (!recorder) return tl::unexpected(no_ebpf(recorder.error()));
  recorder_.emplace(std::move(*recorder));
  watching_.emplace(*recorder_, request_.on_pulse);
  outcome_.run = begin_run(request_.tool, request_.what, recording::Source::ebpf);
  outcome_.run.with_arguments = request_.keep.arguments;
  outcome_.run.serving_at = request_.keep.serving_at;
  outcome_.run.attached = !containers;
  started_ = Clock::now();
  if (const auto taken = take(request_.target); !taken) return tl::unexpected(no_ebpf(taken.error()));
  const bool anybody = !cgroup_.empty() || containers || recorder_->progress().tasks > 0;
  if (!anybody) return tl::unexpected(nothing_there(fmt::format("there is no {}", fmt::join(request_.what, ", "))));
  look();
  if (failure_) return tl::unexpected(no_ebpf(*failure_));
  if (request_.on_ready) request_.on_ready(waits());
  return {};
}

// The engine is asked less often than the kernel, and least where asking takes long.
void Attached::look() {
  if (!request_.look || (found_ && !request_.grows) || Clock::now() < next_look_) return;
  const auto before = Clock::now();
  const auto target = request_.look();
  if (target) {
    auto taken = take(*target);
    // What started between the answer and our watch is found by asking again.
    if (taken && !found_ && recorder_->progress().tasks == 0)
      if (const auto again = request_.look()) taken = take(*again);
    if (!taken) failure_ = taken.error();
    found_ = recorder_->progress().tasks > 0;
  }
  const Clock::duration least = found_ ? std::chrono::milliseconds(500) : std::chrono::milliseconds(20);
  next_look_ = Clock::now() + std::max(least, Clock::now() - before);
}

// A container that was seen before anybody could be asked about it.
void Attached::learn_who() {
  if (asked_who_ || !request_.look || !outcome_.run.container || !outcome_.run.container->engine.empty()) return;
  asked_who_ = true;
  if (const auto target = request_.look(); target && target->container) outcome_.run.container = target->container;
}

bool Attached::step() {
  look();
  const Progress progress = recorder_->progress();
  found_ = found_ || progress.tasks > 0;
  if (progress.began) learn_who();
  // A cgroup may be empty at first; and whoever came may have gone since we last looked.
  return failure_ || (progress.tasks > 0 && progress.alive <= 0 && (cgroup_.empty() || !is_populated(cgroup_)));
}

tl::expected<Outcome, sandbox::Refusal> Attached::finish(bool ended) {
  recording::Run& run = outcome_.run;
  run.finished = ended && !failure_;
  run.duration_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - started_).count());
  const Progress last = recorder_->progress();
  if (const auto read = recorder_->finish(run); !read) return tl::unexpected(no_ebpf(read.error()));
  if (failure_) return tl::unexpected(no_ebpf(*failure_));
  const bool container = request_.look || !request_.target.cgroup_names.empty();
  if (container && last.tasks == 0)
    return tl::unexpected(nothing_there(fmt::format("{} did not start", fmt::join(request_.what, ", "))));
  outcome_.late = container && run.attached;
  outcome_.never_began = container && !run.attached && !last.began;
  run.attached = run.attached || (last.began && !run.finished);  // it tells of the time until we were told to stop
  // Of one that ran already, the first that began later is not its first process.
  if (last.exit_code && !outcome_.late) {
    run.signal = WIFSIGNALED(*last.exit_code) ? WTERMSIG(*last.exit_code) : 0;
    run.exit_status = run.signal != 0 ? 128 + run.signal : WEXITSTATUS(*last.exit_code);
  }
  if (run.container && run.container->engine.empty()) run.container->engine = "oci";
  if (run.container && last.began) run.container->bounding = last.bounding;
  if (const auto convergence = watching_->windows().convergence(); convergence.windows > 0)
    run.convergence = convergence;
  add_build_ids(run);
  recording::settle(run);
  run.complete = run.complete && !outcome_.never_began;
  return std::move(outcome_);
}

}  // namespace

tl::expected<Outcomes, sandbox::Refusal> attach(const std::vector<AttachRequest>& requests) {
  std::vector<std::unique_ptr<Attached>> all;
  const sandbox::SignalBlock signals;
  for (const AttachRequest& request : requests) {
    all.push_back(std::make_unique<Attached>(request));
    if (const auto begun = all.back()->begin(); !begun) return tl::unexpected(begun.error());
  }
  std::vector<bool> ended(all.size()), over(all.size());
  {
    const Ticker ticker(Watching::kPause, [&] {
      for (const auto& each : all) each->tick();
    });
    await(
        [&] {
          for (std::size_t i = 0; i < all.size(); ++i) {
            ended[i] = ended[i] || (!over[i] && all[i]->step());
            over[i] = over[i] || ended[i] || all[i]->is_quiet();
          }
          return std::ranges::find(over, false) == over.end();
        },
        requests.front().limit);
  }
  Outcomes out;
  for (std::size_t i = 0; i < all.size(); ++i) out.push_back(all[i]->finish(ended[i]));
  return out;
}

}  // namespace callgate::record
