// Runs under a profile: in log mode, until nothing is new; then enforced.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "cli/harden_loop.h"
#include "cli/output_aside.h"
#include "cli/prepare.h"
#include "cli/record_talk.h"
#include "cli/run_seals.h"
#include "harden/diagnostic_ids.h"
#include "why/live.h"
#include "why/print.h"

namespace callgate::cli {

using harden::Stage;

std::string seconds_text(std::chrono::steady_clock::time_point since) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
  return fmt::format("{:.1f} s", took.count());
}

std::string end_text(const sandbox::Ended& ended) {
  return ended.signal != 0 ? fmt::format("ended by signal {}", ended.signal)
                           : fmt::format("exit status {}", ended.exit_status);
}

namespace {

// The closure answers ENOSYS to newer calls whose callers then make the older one that it grants: they go on.
bool is_meant(const why::Denial& denial, policy::Action outside) {
  return denial.action == policy::make_errno(38) && denial.action != outside;
}

}  // namespace

// Follows the program under a stand-in of the policy (why/stand_in.h).
std::optional<why::Followed> HardenLoop::follow(const policy::Policy& policy, const why::Following& how,
                                                const why::Unwinder* unwinder, Stop& stop) {
  stop = sandbox::kExitOwnFailure;
  const auto stand_in = why::stand_in(policy);
  if (!stand_in) {
    session_.fail(stand_in.error());
    return std::nullopt;
  }
  int status = kYes;
  auto prepared = compile_and_prove(session_, stand_in->policy, {}, status);
  if (!prepared) return std::nullopt;
  sandbox::Plan plan = plan_;
  plan.filter = std::move(prepared->program);
  before_run();
  const sandbox::SignalBlock signals;
  std::optional<OutputAside> aside;
  if (session_.json()) aside.emplace();
  auto launched = sandbox::launch(plan, signals, true, why::following(*session_.env().kernel));
  const auto refuse = [&](const sandbox::Refusal& refusal) {
    session_.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
    stop = refusal.exit_status;
    return std::nullopt;
  };
  if (!launched) return refuse(sandbox::describe(launched.error(), plan.program, plan.seals));
  why::Followed followed = why::follow(*launched, *stand_in, unwinder, how);
  const auto failure = sandbox::failure_of(*launched, followed.ended);
  if (failure.stage != sandbox::Stage::none && followed.journal.denials().empty())
    return refuse(sandbox::describe(failure, plan.program, plan.seals));
  if (followed.journal.dropped() != 0)
    session_.diagnostics().add(
        harden::kTooMany, {},
        fmt::format("{} more were denied, or would be, than are kept", followed.journal.dropped()));
  stop.reset();
  return followed;
}

// One run in log mode: with the recorder beside it where there is one, else followed by ptrace, which stops it only at
// what the profile would refuse.
std::optional<HardenLoop::Ran> HardenLoop::try_once(Stop& stop) {
  Ran out;
  if (options_.method != record::Method::ptrace) {
    record::Request beside = request(record::Method::ebpf);
    beside.plan.filter = profile_.logging_filter();
    if (auto outcome =
            record_once(beside, *session_.env().kernel, stop, options_.method == record::Method::automatic)) {
      tell_limits(session_, *outcome);
      out.run = std::move(outcome->run);
      out.ended.exit_status = out.run.exit_status;
      out.ended.signal = out.run.signal;
      out.ended.told = !out.run.finished && outcome->told == 0 ? SIGINT : outcome->told;
      out.news = harden::news(out.run, options_.settings.closing, profile_.grants());
      return out;
    }
    if (stop) return std::nullopt;
  }
  auto followed = follow(profile_.logging(), {{}, options_.quiet}, nullptr, stop);
  if (!followed) return std::nullopt;
  out.ended = followed->ended;
  out.run = harden::refused_run(begin_run(), followed->journal.denials(), false);
  if (!out.run.calls.empty()) out.news = harden::news(out.run, options_.settings.closing, profile_.grants());
  return out;
}

void HardenLoop::check_end(const sandbox::Ended& ended, std::string_view where) {
  const auto& known = dir_.state().statuses;
  if (ended.told != 0 || options_.quiet.count() != 0 || known.empty() ||
      std::ranges::find(known, ended.exit_status) != known.end())
    return;
  session_.diagnostics().add(harden::kOtherEnd, {},
                             fmt::format("the program ended with status {} {}; recorded runs ended with {}",
                                         ended.exit_status, where, fmt::join(known, ", ")),
                             "under a filter set-user-id programs get no rights (no_new_privs)");
}

// Returns after the first run that shows something new, or once enough of them did not.
HardenLoop::Stop HardenLoop::try_out() {
  harden::State& state = dir_.state();
  while (state.quiet < options_.trials) {
    if (rounds_++ >= options_.rounds) {
      session_.diagnostics().add(harden::kNotSettled, {},
                                 fmt::format("after {} runs in log mode something was still new", options_.rounds),
                                 "run it again, or --rounds N; --arguments none asks nothing of arguments");
      const Stop stop = saved();
      return stop ? stop : Stop(kNo);
    }
    Stop stop;
    const auto start = std::chrono::steady_clock::now();
    const auto ran = try_once(stop);
    if (!ran) return stop;
    ++state.trials;
    std::string text =
        fmt::format("run {} under trial.json, {}, {}: ", state.trials, seconds_text(start), end_text(ran->ended));
    if (!ran->news.empty()) {
      stop = add(ran->run);
      if (stop) return stop;
      state.quiet = 0;
      text += fmt::format("{} new:", ran->news.size());
      for (const harden::News& each : ran->news) text += "\n    " + harden::describe(each);
    } else if (ran->ended.told == 0) {
      ++state.quiet;
      text += fmt::format("nothing new ({} of {})", state.quiet, options_.trials);
    } else {
      text += "nothing new, but it was interrupted and does not count";
    }
    dir_.tell("trial", std::move(text));
    check_end(ran->ended, "in log mode");
    if (ran->ended.told != 0) return interrupted(ran->ended.told);
    stop = saved();
    if (stop || state.quiet == 0) return stop;
  }
  return std::nullopt;
}

HardenLoop::Stop HardenLoop::enforce() {
  dir_.state().stage = Stage::enforcing;
  if (const Stop stop = saved()) return stop;
  if (const auto stuck = sandbox::check_can_start(profile_.filter())) {
    session_.diagnostics().add(stuck->id, {}, stuck->message, stuck->help);
    return stuck->exit_status;
  }
  return profile_.serving() != nullptr ? enforce_pair() : enforce_one();
}

HardenLoop::Stop HardenLoop::enforce_one() {
  session_.env().err("callgate: the program runs under profile.json from here on\n");
  Stop stop;
  const auto start = std::chrono::steady_clock::now();
  why::Following how;
  how.on_new = [this](const why::Denial& denial) {
    if (!is_meant(denial, options_.settings.outside))
      session_.env().err(
          fmt::format("callgate: denied: {}, by {}\n", why::text(denial), base::printable(denial.program)));
  };
  auto followed = follow(profile_.enforced(), how, session_.env().unwinder, stop);
  if (!followed) return stop;
  std::vector<why::Denial> denials;
  for (why::Denial& each : followed->journal.denials())
    if (!is_meant(each, options_.settings.outside)) denials.push_back(std::move(each));
  const std::size_t meant = followed->journal.denials().size() - denials.size();
  const std::string ran = fmt::format("{} under profile.json, {}", seconds_text(start), end_text(followed->ended));
  if (denials.empty())
    return hardened(fmt::format("{}: no call denied{}", ran,
                                meant == 0 ? "" : fmt::format("; {} answered by ENOSYS, as meant", meant)),
                    followed->ended);
  dir_.tell("enforce",
            fmt::format("{}: {} kind{} of calls denied", ran, denials.size(), denials.size() == 1 ? "" : "s"));
  Denied denied;
  denied.run = harden::refused_run(begin_run(), denials, true);
  denied.denials = std::move(denials);
  denied.exit_status = followed->ended.exit_status;
  denied.signal = followed->ended.signal;
  return report_denials(std::move(denied), profile_.subject(), followed->ended.told);
}

// No call was denied.
HardenLoop::Stop HardenLoop::hardened(std::string text, const sandbox::Ended& ended) {
  ++dir_.state().enforced;
  dir_.state().stage = Stage::hardened;
  dir_.tell("enforce", std::move(text));
  for (const std::string_view name : {"denied.jsonl", "denied.json", "proposed.json"}) dir_.remove(name);
  check_end(ended, "under its profile");
  const Stop stop = saved();
  return stop ? stop : Stop(kYes);
}

// The patch: as a report, as a profile, and as a run that --accept takes into the closure.
HardenLoop::Stop HardenLoop::report_denials(Denied denied, const Subject& subject, int told) {
  dir_.state().stage = Stage::denied;
  for (const std::string& word : plan_.argv)
    denied.source += (denied.source.empty() ? "" : " ") + base::printable(word);
  report_ = report_denied(session_, dir_, subject, profile_.reading(), std::move(denied));
  if (!report_) return sandbox::kExitOwnFailure;
  session_.env().err(why::to_text(*report_));
  if (!options_.accept)
    session_.diagnostics().add(
        harden::kDenied, {}, fmt::format("kinds of calls that were denied: {}", report_->denials.size()),
        "if they belong to the program, the same command with --accept takes them in and goes on");
  if (const Stop stop = saved()) return stop;
  if (!options_.accept) return kNo;
  if (told != 0) return interrupted(told);
  return accept();
}

}  // namespace callgate::cli
