// The steps of `harden` for a program that it starts itself: record, close, prove, trial, enforce. Each leaves files
// that are whole, and the state that says so; whoever is stopped goes on from the last one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/harden_dir.h"
#include "cli/harden_profile.h"
#include "record/record.h"
#include "sandbox/supervise.h"
#include "why/live.h"
#include "why/report.h"

namespace callgate::cli {

extern const Command kHardenCommand;  // the row, for all_commands.cpp

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

  std::optional<record::Outcome> record_once(const std::optional<bpf::Program>& filter, record::Method method,
                                             Stop& stop, bool may_lack);
  std::optional<Ran> try_once(Stop& stop);
  std::optional<why::Followed> follow(const policy::Policy& policy, const why::Following& how,
                                      const why::Unwinder* unwinder, Stop& stop);
  Stop report_denials(std::vector<why::Denial> denials, const sandbox::Ended& ended);
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

}  // namespace callgate::cli
