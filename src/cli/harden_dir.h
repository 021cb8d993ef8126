// The directory of `harden`: what stands in it, who may work in it, and how far the program has come.
//
//   state.json        how far (harden/state.h); written last, so that everything it tells of is there
//   recordings.jsonl  every run that counts
//   closure.json      what is needed, of them
//   profile.json      the profile to be enforced; trial.json the same in log mode
//   serving.json      with two phases: the second one's, where profile.json is the first one's
//   denied.jsonl      calls denied under the profile, as a run; denied.json the report, proposed.json the profile that
//                     admits them
//   lock              held while harden works here
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"
#include "cli/session.h"
#include "harden/state.h"

namespace callgate::cli {

class HardenDir {
 public:
  // Creates it if it is not there, takes its lock, reads the state; with --restart what is there is put into
  // `earlier-N` first. Nothing (diagnosed, `status` set) if somebody else works here, or it belongs to another program.
  static std::optional<HardenDir> open(Session& session, const std::string& path, const harden::State& fresh,
                                       int& status);

  harden::State& state() { return state_; }
  const harden::State& state() const { return state_; }
  bool resumed() const { return resumed_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

  // Says what was done, on standard error, numbered, and notes it; save() writes it.
  void tell(std::string name, std::string text);
  // False (diagnosed) if it cannot be written.
  bool save();
  // The same of any file of it; the old one stays where the text is the same.
  bool write(std::string_view name, std::string_view text);
  void remove(std::string_view name) const;

 private:
  HardenDir(Session& session, std::string path) : session_(&session), path_(std::move(path)) {}
  bool lock(int& status);
  bool set_aside(int& status);
  bool read_state(const harden::State& fresh, int& status);

  Session* session_;
  std::string path_;
  base::UniqueFd lock_;
  harden::State state_;
  bool resumed_ = false;
};

}  // namespace callgate::cli
