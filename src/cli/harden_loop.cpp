// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_loop.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/close_inputs.h"
#include "cli/output_aside.h"
#include "cli/record_report.h"
#include "cli/record_talk.h"
#include "harden/diagnostic_ids.h"
#include "record/diagnostic_ids.h"
#include "record/facts.h"

namespace callgate::cli {

namespace {

using harden::Stage;

std::string calls_text(std::size_t count) {
  return fmt::format("{} call{}", count, count == 1 ? "" : "s");
}

// Calls of the run that none of the others made.
std::size_t calls_not_in(const recording::Run& run, const recording::Recording& others) {
  std::set<std::pair<arch::AuditArch, arch::SyscallNr>> known;
  for (const recording::Call& call : recording::merge_calls(others)) known.emplace(call.audit, call.nr);
  return static_cast<std::size_t>(std::ranges::count_if(
      run.calls, [&](const recording::Call& call) { return !known.contains({call.audit, call.nr}); }));
}

}  // namespace

HardenLoop::HardenLoop(Session& session, HardenDir& dir, const HardenOptions& options, const sandbox::Plan& plan)
    : session_(session), dir_(dir), options_(options), plan_(plan), profile_(session, dir, options.settings) {
  struct stat status{};
  const off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
  if (at >= 0 && fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode)) input_ = at;
}

int HardenLoop::run() {
  harden::State& state = dir_.state();
  if (dir_.resumed())
    session_.env().err(fmt::format("callgate: going on in '{}' behind step {} ({})\n", base::printable(dir_.path()),
                                   state.steps.empty() ? 0 : state.steps.back().number, harden::name(state.stage)));
  if (state.settings != options_.settings.words) state.quiet = state.enforced = 0;
  state.settings = options_.settings.words;
  if (const Stop stop = take_recordings()) return *stop;
  if (const Stop stop = accept()) return *stop;
  if (const Stop stop = record_runs()) return *stop;
  for (;;) {
    if (const Stop stop = close()) return *stop;
    const std::uint32_t trials = state.trials;
    if (const Stop stop = try_out()) return *stop;
    // Something was new: the profile is made once more.
    if (state.quiet == 0 && state.trials != trials) continue;
    if (const Stop stop = enforce()) return *stop;
  }
}

HardenLoop::Stop HardenLoop::saved() {
  print_findings();
  return dir_.save() ? Stop() : Stop(sandbox::kExitOwnFailure);
}

void HardenLoop::print_findings() {
  print_diagnostics(session_.env(), session_.diagnostics(), session_.json());
  session_.diagnostics() = {};
}

HardenLoop::Stop HardenLoop::interrupted(int signal) {
  session_.diagnostics().add(
      harden::kInterrupted, {}, fmt::format("ended by signal {}", signal),
      "the same command goes on from here; --quiet-for ends programs that do not end themselves");
  if (const Stop stop = saved()) return stop;
  return sandbox::kExitSignalBase + signal;
}

void HardenLoop::before_run() {
  print_findings();
  if (input_) lseek(STDIN_FILENO, *input_, SEEK_SET);
}

recording::Run HardenLoop::begin_run() const {
  return record::begin_run(CALLGATE_VERSION, plan_.argv, recording::Source::ptrace);
}

HardenLoop::Stop HardenLoop::add(const recording::Run& run) {
  return add_run(session_, dir_, run) ? Stop() : Stop(kBadInput);
}

// Those of --recording.
HardenLoop::Stop HardenLoop::take_recordings() {
  const auto given = session_.arguments().all("recording");
  if (given.empty()) return std::nullopt;
  const auto taken = read_recordings(session_, {given.begin(), given.end()}, options_.settings.accept_incomplete);
  if (!taken) return kBadInput;
  for (const recording::Run& run : taken->runs)
    if (const Stop stop = add(run)) return stop;
  dir_.tell("record", fmt::format("{} run{} of {} file{} taken in", taken->runs.size(),
                                  taken->runs.size() == 1 ? "" : "s", given.size(), given.size() == 1 ? "" : "s"));
  return saved();
}

// What was denied in the last run under the profile.
HardenLoop::Stop HardenLoop::accept() {
  if (!options_.accept) return std::nullopt;
  if (!take_denied(session_, dir_)) return kBadInput;
  print_findings();
  return std::nullopt;
}

record::Request HardenLoop::request(record::Method method) const {
  const HardenSettings& settings = options_.settings;
  record::Request out;
  out.plan = plan_;
  out.tool = CALLGATE_VERSION;
  out.keep.arguments = settings.closing.pinning != closure::Pinning::none;
  out.keep.serving_at = settings.phases.value_or(recording::ServingAt::listen);
  out.method = method;
  out.quiet = options_.quiet;
  out.on_pulse = pulse_lines(session_, {});
  return out;
}

std::optional<record::Outcome> HardenLoop::record_once(const record::Request& request, const sandbox::Kernel& kernel,
                                                       Stop& stop, bool may_lack) {
  before_run();
  std::optional<OutputAside> aside;
  if (session_.json()) aside.emplace();
  const auto outcome = record::record(request, kernel);
  aside.reset();
  if (outcome) return *outcome;
  sandbox::Refusal refusal = outcome.error();
  const bool lacks = refusal.id.number == record::kNoEbpf.number;
  if (may_lack && lacks) return std::nullopt;
  if (lacks && options_.settings.phases) refusal.help = "without --phases one profile is enforced, and ptrace suffices";
  session_.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
  stop = refusal.exit_status;
  return std::nullopt;
}

HardenLoop::Stop HardenLoop::record_runs() {
  harden::State& state = dir_.state();
  while (state.runs < options_.runs) {
    state.stage = Stage::recording;
    Stop stop;
    const auto outcome = record_once(request(options_.method), *session_.env().kernel, stop, false);
    if (!outcome) return stop;
    tell_limits(session_, *outcome);
    const recording::Run& run = outcome->run;
    if (!run.complete && !options_.settings.accept_incomplete) {
      if (outcome->told != 0 || !run.finished) return interrupted(outcome->told != 0 ? outcome->told : SIGINT);
      stop = saved();
      return stop ? stop : Stop(sandbox::kExitOwnFailure);
    }
    const std::size_t fresh = calls_not_in(run, runs_in(session_, dir_.file("recordings.jsonl")));
    stop = add(run);
    if (stop) return stop;
    if (outcome->told == 0) {
      ++state.runs;
      const auto place = std::ranges::lower_bound(state.statuses, run.exit_status);
      if (place == state.statuses.end() || *place != run.exit_status) state.statuses.insert(place, run.exit_status);
    }
    state.quiet = state.enforced = 0;
    dir_.tell("record", fmt::format("{}: {}, {} of them new; exit status {}; {}",
                                    outcome->told != 0 ? std::string("a run that was interrupted")
                                                       : fmt::format("run {} of {}", state.runs, options_.runs),
                                    summary_of(run), fresh, run.exit_status, outcome_of(run)));
    if (outcome->told != 0) return interrupted(outcome->told);
    stop = saved();
    if (stop) return stop;
  }
  return std::nullopt;
}

HardenLoop::Stop HardenLoop::close() {
  harden::State& state = dir_.state();
  bool changed = false;
  int status = kYes;
  // That nothing could be closed is another matter than what a run showed.
  const auto failed = [&] { return status == kNo ? sandbox::kExitOwnFailure : status; };
  if (!profile_.close(changed, status)) return failed();
  if (changed) state.quiet = state.enforced = 0;
  const closure::Closure& closure = profile_.closure();
  dir_.tell("close", fmt::format("{} at startup, {} while serving, of {} run{}; {}{}",
                                 calls_text(closure.of(closure::Phase::startup).size()),
                                 closure.of(closure::Phase::serving).size(), closure.sources.size(),
                                 closure.sources.size() == 1 ? "" : "s",
                                 changed ? "profile.json and trial.json are new" : "profile.json grants what it did",
                                 profile_.offer()));
  std::string text;
  if (!profile_.prove(text, status)) return failed();
  dir_.tell("prove", std::move(text));
  if (state.stage == Stage::recording || changed) state.stage = Stage::trying;
  return saved();
}

}  // namespace callgate::cli
