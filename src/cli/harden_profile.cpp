// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_profile.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/text.h"
#include "cli/close_inputs.h"
#include "cli/close_profile.h"
#include "cli/prepare.h"
#include "closure/diagnostic_ids.h"
#include "closure/file.h"
#include "closure/need.h"
#include "harden/diagnostic_ids.h"
#include "harden/pair.h"
#include "policy/algebra.h"
#include "syntax/words.h"

namespace callgate::cli {

format::ReadOptions HardenProfile::reading() const {
  format::ReadOptions out;
  out.as = reader_of(*settings_.format);
  out.origins = true;
  return out;
}

// Of the profile that stands there; nothing if none does that can be read.
std::optional<policy::Policy> HardenProfile::policy_there(std::string_view name) {
  std::error_code error;
  if (!std::filesystem::exists(dir_.file(name), error)) return std::nullopt;
  const base::Diagnostics before = session_.diagnostics();
  int status = kYes;
  const auto subject = load(session_, dir_.file(name), reading(), status);
  session_.diagnostics() = before;
  if (!subject || !subject->is_policy) return std::nullopt;
  return subject->profile.policy;
}

// `changed` stays true where it was.
bool HardenProfile::write(std::string_view name, std::optional<closure::Phase> phase, bool& changed, int& status) {
  const auto before = policy_there(name);
  if (status = write_profile(session_, closure_, {settings_.format, dir_.file(name), phase, false}); status != kYes)
    return false;
  const auto after = policy_there(name);
  changed = changed || !before || !after || policy::first_difference(*before, *after);
  return true;
}

bool HardenProfile::write_serving(const recording::Recording& recording, bool& changed, int& status) {
  serving_at_ = settings_.phases.value_or(harden::serving_at(recording));
  why_no_pair_ = harden::why_no_pair(recording, closure_, serving_at_);
  if (!settings_.phases) {
    dir_.remove("serving.json");
    return true;
  }
  if (why_no_pair_.empty()) return write("serving.json", closure::Phase::serving, changed, status);
  session_.diagnostics().add(harden::kNoPair, {}, why_no_pair_, "without --phases one profile is enforced");
  status = kNo;
  return false;
}

std::string HardenProfile::offer() const {
  if (settings_.phases || !why_no_pair_.empty()) return {};
  return fmt::format("; --phases {} would grant less while it serves", recording::name(serving_at_));
}

bool HardenProfile::close(bool& changed, int& status) {
  status = kBadInput;
  const auto recording = read_recordings(session_, {dir_.file("recordings.jsonl")}, settings_.accept_incomplete);
  if (!recording) return false;
  closure_ = closure::close(*recording, settings_.closing);
  closure_.outside = settings_.outside;
  closure_.on_frontier = settings_.on_frontier;
  const std::vector<std::string_view> paths(settings_.scans.begin(), settings_.scans.end());
  const auto scanned = read_scans(session_, paths);
  if (!scanned) return false;
  if (!scanned->empty()) closure::add_scan(closure_, *recording, *scanned, session_.diagnostics());
  if (!dir_.write("closure.json", closure::to_json(closure_))) return false;
  changed = false;
  return write("profile.json", std::nullopt, changed, status) && write_serving(*recording, changed, status) &&
         write_trial(status);
}

// What is not needed is logged, on whatever architecture: the policy says so exactly. A file can only say it for the
// architectures that it lists, and by names for all of them at once, so trial.json lets some pass without a log.
bool HardenProfile::write_trial(int& status) {
  closure::Closure logging = closure_;
  logging.outside = {policy::ActionKind::log, 0};
  logging_ = closure::need(logging, std::nullopt);
  if (arch::native() == arch::Arch::x86_64) logging.sources.emplace_back().arch = arch::Arch::x86;
  const base::Diagnostics before = session_.diagnostics();
  status = write_profile(session_, logging, {settings_.format, dir_.file("trial.json"), {}, true});
  if (status == kYes) session_.diagnostics() = before;
  return status == kYes;
}

bool HardenProfile::holds(const Subject& subject, std::optional<closure::Phase> phase, int& status) {
  const policy::Policy& granted = subject.profile.policy;
  const auto lack = closure::first_lack(closure_, phase, granted);
  const auto witness = lack ? std::optional(lack->call) : policy::first_excess(granted, closure::need(closure_, phase));
  if (!witness) return true;
  session_.diagnostics().add(closure::kNeedRefused, {},
                             fmt::format("{} {}: {} by '{}'{}", syntax::describe_arch(witness->audit, witness->nr),
                                         syntax::describe_call(*witness), lack ? "needed, and refused" : "granted",
                                         subject.name, lack ? "" : ", and not needed"));
  status = kNo;
  return false;
}

std::optional<Subject> HardenProfile::read_again(std::string_view name, std::optional<closure::Phase> phase,
                                                 int& status) {
  const base::Diagnostics before = session_.diagnostics();
  auto subject = load(session_, dir_.file(name), reading(), status);
  if (!subject) return std::nullopt;
  session_.diagnostics() = before;  // of what was written here there is nothing to warn
  if (!holds(*subject, phase, status)) return std::nullopt;
  return subject;
}

bool HardenProfile::prove(std::string& text, int& status) {
  profile_ = read_again("profile.json", std::nullopt, status);
  if (!profile_) return false;
  auto filter = compile_and_prove(session_, profile_->profile.policy, {}, status);
  auto logging = filter ? compile_and_prove(session_, logging_, {}, status) : std::nullopt;
  if (!logging) return false;
  text = fmt::format(
      "profile.json grants all that is needed and nothing else; its filter of {} instructions is equal to it on all "
      "calls ({} pairs of paths)",
      filter->program.size(), filter->paths);
  serving_.reset();
  if (settings_.phases) {
    serving_ = read_again("serving.json", closure::Phase::serving, status);
    auto second = serving_ ? compile_and_prove(session_, serving_->profile.policy, {}, status) : std::nullopt;
    if (!second) return false;
    text += fmt::format("; serving.json likewise what is needed from {} on, {} instructions ({} pairs of paths)",
                        recording::name(*settings_.phases), second->program.size(), second->paths);
  }
  filter_ = std::move(filter->program);
  logging_filter_ = std::move(logging->program);
  return true;
}

}  // namespace callgate::cli
