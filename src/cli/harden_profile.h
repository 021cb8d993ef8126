// Recordings closed into the two profiles of `harden`, the one to be enforced and the one in log mode, and both proved.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/harden_dir.h"
#include "cli/input.h"
#include "closure/close.h"
#include "convert/formats.h"
#include "harden/news.h"

namespace callgate::cli {

struct HardenSettings {
  closure::Options closing;
  policy::Action outside, on_frontier = policy::kAllow;
  std::vector<std::string> scans;  // files
  const convert::Format* format = nullptr;
  bool accept_incomplete = false;
  std::string words;  // all of it in a line: what is closed otherwise is another profile
};

class HardenProfile {
 public:
  HardenProfile(Session& session, HardenDir& dir, const HardenSettings& settings)
      : session_(session), dir_(dir), settings_(settings) {}

  // Writes closure.json, profile.json and trial.json. `changed`: the profile grants something else than before.
  // False (diagnosed, `status` set): not closed, or the format cannot say it.
  bool close(bool& changed, int& status);
  // Reads the profile again as its engine does, and proves: what is needed is granted, nothing else is, and the filters
  // (that of log mode, too) are equal to what they stand for. `text` tells it. False: diagnosed.
  bool prove(std::string& text, int& status);

  const closure::Closure& closure() const { return closure_; }
  const policy::Policy& enforced() const { return profile_->profile.policy; }
  const policy::Policy& logging() const { return logging_; }
  const bpf::Program& filter() const { return filter_; }
  const bpf::Program& logging_filter() const { return logging_filter_; }
  const Subject& subject() const { return *profile_; }
  format::ReadOptions reading() const;

 private:
  std::optional<policy::Policy> policy_there();
  bool write_trial(int& status);
  bool holds(const policy::Policy& granted, int& status);

  Session& session_;
  HardenDir& dir_;
  const HardenSettings& settings_;
  closure::Closure closure_;
  std::optional<Subject> profile_;
  policy::Policy logging_;
  bpf::Program filter_, logging_filter_;
};

}  // namespace callgate::cli
