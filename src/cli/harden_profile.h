// Recordings closed into the profiles of `harden`, the one to be enforced (or two of them, for two phases) and the one
// in log mode, and all proved. SPDX-License-Identifier: Apache-2.0
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
  std::optional<recording::ServingAt> phases;  // two are enforced, and the second begins there
  std::string words;                           // all of it in a line: what is closed otherwise is another profile
};

class HardenProfile {
 public:
  HardenProfile(Session& session, HardenDir& dir, const HardenSettings& settings)
      : session_(session), dir_(dir), settings_(settings) {}

  // Writes closure.json, profile.json, trial.json and, with two phases, serving.json. `changed`: a profile grants
  // something else than before. False (diagnosed, `status` set): not closed, or the format cannot say it, or there is
  // no second phase to be enforced.
  bool close(bool& changed, int& status);
  // Reads the profile again as its engine does, and proves: what is needed is granted, nothing else is, and the filters
  // (that of log mode, too) are equal to what they stand for. `text` tells it. False: diagnosed.
  bool prove(std::string& text, int& status);

  const closure::Closure& closure() const { return closure_; }
  const policy::Policy& enforced() const { return profile_->profile.policy; }
  // The second phase's profile; null if there is one for all of the program's life.
  const Subject* serving() const { return serving_ ? &*serving_ : nullptr; }
  harden::Grants grants() const { return {enforced(), serving_ ? serving_->profile.policy : enforced()}; }
  // That two phases could be enforced, in words; empty if they are, or cannot be.
  std::string offer() const;
  const policy::Policy& logging() const { return logging_; }
  const bpf::Program& filter() const { return filter_; }
  const bpf::Program& logging_filter() const { return logging_filter_; }
  const Subject& subject() const { return *profile_; }
  format::ReadOptions reading() const;

 private:
  std::optional<policy::Policy> policy_there(std::string_view name);
  bool write(std::string_view name, std::optional<closure::Phase> phase, bool& changed, int& status);
  bool write_serving(const recording::Recording& recording, bool& changed, int& status);
  bool write_trial(int& status);
  std::optional<Subject> read_again(std::string_view name, std::optional<closure::Phase> phase, int& status);
  bool holds(const Subject& subject, std::optional<closure::Phase> phase, int& status);

  Session& session_;
  HardenDir& dir_;
  const HardenSettings& settings_;
  closure::Closure closure_;
  std::optional<Subject> profile_, serving_;
  recording::ServingAt serving_at_{};
  std::string why_no_pair_;
  policy::Policy logging_;
  bpf::Program filter_, logging_filter_;
};

}  // namespace callgate::cli
