// A run under two profiles: the program is switched from the first to the second where it begins to serve, as by
// `callgate run --phase`, and the recorder beside it tells what is denied. Until it is switched it is traced for that,
// so nobody can follow it as under one profile.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>

#include "base/text.h"
#include "cli/harden_loop.h"
#include "cli/record_talk.h"
#include "cli/run_phases.h"
#include "harden/diagnostic_ids.h"
#include "phases/diagnostic_ids.h"

namespace callgate::cli {

namespace {

phases::SwitchPoint switch_point(recording::ServingAt at) {
  return {at == recording::ServingAt::accept ? phases::Point::accept : phases::Point::listen, {}, 0};
}

// Those that the first profile refused, if there are any, else those of the second: of two profiles in force each
// needs a patch of its own, and the first one's comes first.
std::vector<harden::News> of_one_profile(const std::vector<harden::News>& news, const policy::Policy& first) {
  std::vector<harden::News> out;
  for (const harden::News& each : news)
    if (!policy::grants(policy::evaluate(first, each.witness))) out.push_back(each);
  return out.empty() ? news : out;
}

}  // namespace

HardenLoop::Stop HardenLoop::enforce_pair() {
  const Subject& serving = *profile_.serving();
  const recording::ServingAt where = *options_.settings.phases;
  record::Request beside = request(record::Method::ebpf);
  beside.keep.denied = true;
  beside.quiet = {};
  int status = kYes;
  const auto change = arm(session_, beside.plan, {"startup", profile_.enforced(), 0},
                          {"serving", serving.profile.policy, 0}, switch_point(where), status);
  if (!change) return sandbox::kExitOwnFailure;
  session_.env().err(
      fmt::format("callgate: the program runs under profile.json, and under serving.json from {} on, from here on\n",
                  recording::name(where)));
  phases::Outcome switching;
  beside.supervise = [&](const sandbox::Launched& launched) {
    switching = phases::follow(launched, *change);
    return switching.ended ? *switching.ended : sandbox::supervise(launched);
  };
  Stop stop;
  const auto start = std::chrono::steady_clock::now();
  auto outcome = record_once(beside, phases::following(*session_.env().kernel), stop, false);
  if (!outcome) return stop;
  tell_limits(session_, *outcome);
  sandbox::Ended ended;
  ended.exit_status = outcome->run.exit_status;
  ended.signal = outcome->run.signal;
  ended.told = outcome->told;
  return judge_pair(std::move(outcome->run), serving, switching, ended, seconds_text(start));
}

HardenLoop::Stop HardenLoop::judge_pair(recording::Run run, const Subject& serving, const phases::Outcome& switching,
                                        const sandbox::Ended& ended, const std::string& took) {
  if (!switching.failure.empty()) {
    session_.diagnostics().add(phases::kNotSwitched, {}, switching.failure,
                               "it was killed; without --phases one profile is enforced");
    const Stop stop = saved();
    return stop ? stop : Stop(sandbox::kExitOwnFailure);
  }
  if (!run.complete && !options_.settings.accept_incomplete) {
    if (ended.told != 0 || !run.finished) return interrupted(ended.told != 0 ? ended.told : SIGINT);
    const Stop stop = saved();
    return stop ? stop : Stop(sandbox::kExitOwnFailure);
  }
  const std::string text =
      fmt::format("{} under profile.json and, in {} process{} from {} on, serving.json, {}", took, switching.switched,
                  switching.switched == 1 ? "" : "es", recording::name(*options_.settings.phases), end_text(ended));
  Denied denied;
  denied.run = harden::refused_of(std::move(run));
  const auto news = harden::refused(denied.run, options_.settings.closing, profile_.grants());
  if (!news.empty()) {
    std::string all = fmt::format("{}: {} kind{} of calls denied:", text, news.size(), news.size() == 1 ? "" : "s");
    for (const harden::News& each : news)
      all += fmt::format("\n    {}: {}", closure::when(each.phase), harden::describe(each));
    dir_.tell("enforce", std::move(all));
    const auto first = of_one_profile(news, profile_.enforced());
    const bool at_startup = !policy::grants(policy::evaluate(profile_.enforced(), first.front().witness));
    const Subject& subject = at_startup ? profile_.subject() : serving;
    denied.denials = denials_of(first, subject.profile.policy);
    denied.exit_status = ended.exit_status;
    denied.signal = ended.signal;
    return report_denials(std::move(denied), subject, ended.told);
  }
  if (switching.switched != 0) return hardened(text + ": no call denied", ended);
  dir_.tell("enforce", fmt::format("{}: no call denied, but it was not switched", text));
  session_.diagnostics().add(phases::kNeverThere, {},
                             "the program ended before it served, so serving.json was not in force",
                             "let a client use it, or leave --phases out");
  const Stop stop = saved();
  return stop ? stop : Stop(kNo);
}

}  // namespace callgate::cli
