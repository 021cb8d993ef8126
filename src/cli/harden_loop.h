// The steps of `harden` for a program that it starts itself: record, close, prove, trial, enforce. Each leaves files
// that are whole, and the state that says so; whoever is stopped goes on from the last one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/harden_denials.h"
#include "cli/harden_dir.h"
#include "cli/harden_profile.h"
#include "phases/follow.h"
#include "record/record.h"
#include "sandbox/supervise.h"
#include "why/live.h"
#include "why/report.h"

namespace callgate::cli {

struct HardenOptions {
  std::uint32_t runs = 1;     // to be recorded
  std::uint32_t trials = 1;   // one after the other in which nothing is new
  std::uint32_t rounds = 10;  // runs in log mode at most
  std::chrono::seconds quiet{};
  bool accept = false;
  record::Method method = record::Method::automatic;
  HardenSettings settings;
};

class HardenLoop {
 public:
  HardenLoop(Session& session, HardenDir& dir, const HardenOptions& options, const sandbox::Plan& plan);
  // The exit status.
  int run();
  // What was denied in the last run under the profile; nothing if there was none.
  const std::optional<why::Report>& report() const { return report_; }
  const closure::Closure& closure() const { return profile_.closure(); }

 private:
  // Nothing: go on with the next step. Else the status that harden ends with.
  using Stop = std::optional<int>;
  struct Ran {
    sandbox::Ended ended;
    recording::Run run;
    std::vector<harden::News> news;
    std::vector<why::Denial> denials;
  };

  Stop take_recordings();
  Stop accept();
  Stop record_runs();
  Stop add(const recording::Run& run);
  Stop close();
  Stop try_out();
  Stop enforce();
  Stop enforce_one();
  Stop enforce_pair();
  Stop judge_pair(recording::Run run, const Subject& serving, const phases::Outcome& switching,
                  const sandbox::Ended& ended, const std::string& took);

  record::Request request(record::Method method) const;
  std::optional<record::Outcome> record_once(const record::Request& request, const sandbox::Kernel& kernel, Stop& stop,
                                             bool may_lack);
  std::optional<Ran> try_once(Stop& stop);
  std::optional<why::Followed> follow(const policy::Policy& policy, const why::Following& how,
                                      const why::Unwinder* unwinder, Stop& stop);
  Stop hardened(std::string text, const sandbox::Ended& ended);
  Stop report_denials(Denied denied, const Subject& subject, int told);
  Stop interrupted(int signal);
  Stop saved();
  void check_end(const sandbox::Ended& ended, std::string_view where);
  void before_run();
  void print_findings();
  recording::Run begin_run() const;

  Session& session_;
  HardenDir& dir_;
  const HardenOptions& options_;
  const sandbox::Plan& plan_;
  HardenProfile profile_;
  std::optional<why::Report> report_;
  std::uint32_t rounds_ = 0;           // trial runs by now
  std::optional<std::int64_t> input_;  // where standard input stood, if it is a file
};

// "0.3 s", since then; "exit status 3".
std::string seconds_text(std::chrono::steady_clock::time_point since);
std::string end_text(const sandbox::Ended& ended);

}  // namespace callgate::cli
