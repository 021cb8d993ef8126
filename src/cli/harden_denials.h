// Calls that were denied under the profile: the report with the patch, kept in the directory, and taken into the
// recordings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/harden_profile.h"
#include "why/report.h"

namespace callgate::cli {

struct Denied {
  std::vector<why::Denial> denials;
  recording::Run run;  // that --accept takes in
  std::string source;  // what was run, in words
  std::optional<int> exit_status, signal;
};
// denied.json, denied.jsonl and, if there is a patch of that profile, proposed.json. Nothing (diagnosed) if they cannot
// be written.
std::optional<why::Report> report_denied(Session& session, HardenDir& dir, const Subject& subject,
                                         const format::ReadOptions& reading, Denied denied);
// What a recorder saw to be refused.
std::vector<why::Denial> denials_of(const std::vector<harden::News>& news, const policy::Policy& profile);

// What stands in denied.jsonl, into recordings.jsonl. Nothing (diagnosed) if that fails; false: there was nothing.
std::optional<bool> take_denied(Session& session, HardenDir& dir);
// Adds a run to recordings.jsonl, unless it stands there already: harden may have been killed before it could say so.
// False (diagnosed) if that fails.
bool add_run(Session& session, HardenDir& dir, const recording::Run& run);
// The runs in a file, as far as it is there and can be read (diagnosed).
recording::Recording runs_in(Session& session, const std::string& path);

}  // namespace callgate::cli
