// The smallest change of a profile that admits a denied call: an edit of the user's own text, arguments included.
// A change is proposed only once the mended text has been read again, lets the call through, and grants nothing beyond
// the call's cube: proved by an exact comparison of the policies, not by looking at the text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/source.h"
#include "format/profile.h"
#include "lint/lint.h"
#include "policy/changes.h"

namespace callgate::why {

struct Admission {
  std::string what;  // "allow 'socket' where family == AF_NETLINK"
  std::string rule;  // the rule that does it, as JSON
  std::vector<policy::Condition> pinned;
  bool exact = true;               // false: no single rule admits the pinned arguments alone; `also` says what else is
  std::vector<std::string> also;   // what changes beside it
  std::vector<lint::Edit> edits;   // of the profile's text; empty where only the rule can be told
  std::string text;                // the profile's, mended
  std::string why_not;             // why there is no edit
  std::vector<std::string> risks;  // what becomes reachable, in words
};

// `profile` is what `file` means; null: a built-in one, or one of another tool's formats, of which only the rule is
// told. `known`: the arguments of `call` that are known; others pin nothing.
Admission admit(const base::SourceFile* file, const format::Profile& profile, const format::ReadOptions& options,
                const policy::Call& call, std::uint8_t known);

// All of the calls, one change after the other; those without an edit are left out. Empty text: nothing to change.
std::string admit_all(const base::SourceFile& file, const format::ReadOptions& options,
                      const std::vector<std::pair<policy::Call, std::uint8_t>>& calls);

// What granting the cube of a call lets a program reach, where no profile is known.
std::vector<std::string> risks_of(const policy::Call& call, std::uint8_t known);

}  // namespace callgate::why
