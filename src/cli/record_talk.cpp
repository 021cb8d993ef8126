// SPDX-License-Identifier: Apache-2.0
#include "cli/record_talk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "arch/calls.h"
#include "base/text.h"
#include "record/diagnostic_ids.h"
#include "record/facts.h"

namespace callgate::cli {

namespace {

using recording::Run;

std::string counted(std::uint64_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

class PulseLines {
 public:
  PulseLines(const Env& env, const std::string& label) : env_(env), label_(label.empty() ? label : label + ": ") {}

  void operator()(const record::Pulse& pulse) {
    const auto now = std::chrono::steady_clock::now();
    if (pulse.program_ended && !told_end_) {
      told_end_ = true;
      say(fmt::format("the program has ended; waiting for {} that it left behind (Ctrl-C ends the recording)",
                      pulse.progress.alive == 1 ? "a task" : fmt::format("{} tasks", pulse.progress.alive)));
    } else if (pulse.progress.tasks == 0) {
      return;
    } else if (pulse.progress.calls != calls_ || now - last_ >= std::chrono::minutes(1)) {
      std::string text = fmt::format("{}, {} so far ({} new in the last minute), {}",
                                     pulse.progress.shutdown  ? "shutting down"
                                     : pulse.progress.serving ? "serving"
                                                              : "starting",
                                     counted(pulse.progress.calls, "call"), pulse.new_in_last_minute,
                                     counted(pulse.progress.tasks, "task"));
      if (pulse.unseen) text += fmt::format("; about {:.0f} more to be expected", *pulse.unseen);
      say(text);
      last_ = now;
    }
    calls_ = pulse.progress.calls;
  }

 private:
  void say(const std::string& text) { env_.err(fmt::format("callgate: {}{}\n", label_, text)); }
  const Env& env_;
  std::string label_;
  std::size_t calls_ = 0;
  std::chrono::steady_clock::time_point last_;
  bool told_end_ = false;
};

bool changes_filters(const Run& run) {
  return std::ranges::any_of(
      run.calls, [](const recording::Call& call) { return arch::name_of_call(call.audit, call.nr) == "seccomp"; });
}

// A filter of the container's own is in force on it from before its program began.
bool under_containers_filter(const Run& run) {
  return std::ranges::any_of(run.runtime, [](const recording::RuntimeCall& call) { return call.filtered; });
}

void tell_of_container(base::Diagnostics& diagnostics, const record::Outcome& outcome) {
  if (outcome.late)
    diagnostics.add(record::kLate, {}, "the container ran already, so its start was not seen",
                    "begin before it starts: docker create, callgate record --container, docker start; or by the hook");
  if (outcome.never_began)
    diagnostics.add(record::kNeverBegan, {},
                    fmt::format("the {} ended before the container's program was executed",
                                outcome.run.finished ? "container" : "recording"),
                    outcome.run.finished ? "callgate why --container tells what is known of its end" : "");
}

}  // namespace

record::Keep keep_of(const Arguments& arguments) {
  const auto at = recording::find_serving_at(arguments.last("serving-at").value_or("listen"));
  return {arguments.has("args"), arguments.has("denied"), at.value_or(recording::ServingAt::listen)};
}

record::OnPulse pulse_lines(const Session& session, const std::string& label) {
  if (!session.env().err_is_terminal && !session.arguments().has("progress")) return {};
  return PulseLines(session.env(), label);
}

std::function<void(bool waits)> ready_line(const Session& session, const std::string& what) {
  const Env& env = session.env();
  const bool progress = env.err_is_terminal || session.arguments().has("progress");
  return [&env, progress, what = base::printable(what)](bool waits) {
    if (waits)
      env.err(fmt::format("callgate: waiting for {} to start (Ctrl-C ends)\n", what));
    else if (progress)
      env.err(fmt::format("callgate: recording {}\n", what));
  };
}

void tell_limits(Session& session, const record::Outcome& outcome) {
  const Run& run = outcome.run;
  base::Diagnostics& diagnostics = session.diagnostics();
  if (outcome.fell_back)
    diagnostics.add(record::kFellBack, {}, "recorded by ptrace, which is slow: " + outcome.fell_back->message);
  tell_of_container(diagnostics, outcome);
  if (!run.finished && !run.attached && !outcome.never_began) {
    diagnostics.add(record::kIncomplete, {}, "the recording was ended before the last task had");
  } else if (!run.complete && !outcome.never_began) {
    diagnostics.add(record::kIncomplete, {}, "something was lost, so the recording is incomplete",
                    "record again and merge: --append");
  }
  const bool blind = std::ranges::find(run.blind, recording::Blind::denied) != run.blind.end();
  const bool attached = run.container || run.attached;
  const bool filtered = attached ? outcome.filtered || under_containers_filter(run) : record::under_a_filter();
  if (blind && (filtered || changes_filters(run)))
    diagnostics.add(record::kFiltered, {}, "a filter was in force, and calls that it refused are not seen",
                    "--denied records them");
  if (run.uring.empty()) return;
  std::vector<std::string> operations;
  for (const recording::UringOperation& each : run.uring) operations.push_back(recording::uring_name(each.opcode));
  diagnostics.add(record::kUring, {},
                  fmt::format("{} kinds of operations went through io_uring, which no filter sees: {}",
                              operations.size(), fmt::join(operations, " ")));
}

}  // namespace callgate::cli
