// Denials with all that is known about them: which part of the profile decided, what it means, what would admit them.
// Printing is in print.h. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "why/admit.h"
#include "why/cause.h"
#include "why/denial.h"
#include "why/meaning.h"

namespace callgate::why {

// What denials are held against.
struct Grounds {
  std::string name;                          // the profile's, as typed; empty: none was given
  const base::SourceFile* file = nullptr;    // its text, where that can be edited
  const format::Profile* profile = nullptr;  // read with its origins; null: none
  format::ReadOptions options;
  std::optional<policy::Policy> guard = {};  // what the seals deny on top of it
};

struct Explained {
  Denial denial;
  Cause cause;
  std::string disagreement;  // the profile answers otherwise: who denied it is not known
  std::vector<Meaning> meanings;
  std::optional<Admission> admission;  // nothing without a profile, and for what was not denied by it
  std::vector<std::string> risks;      // of granting it
};
Explained explain(Denial denial, const Grounds& grounds);

struct Report {
  std::string source;  // "ls -l", "strace.log", "container web"
  std::string profile;
  std::optional<int> exit_status, signal;  // of the program, where one was run
  std::vector<Explained> denials;
  std::size_t dropped = 0;
  std::vector<std::string> notes;  // what else is to be known: filters in force, what could not be seen
  // All changes in one, as a unified diff of the profile; not for what programs are known to do without.
  std::string diff;
  std::string mended;  // the profile's text with them; empty where there are none
};
// What a filter is, in a line: "x86_64: 324 calls allowed, 49 refused by ERRNO(1), 3 by their arguments".
std::string summarize(const policy::Policy& filter);

// The report's denials and diff.
void explain_all(const Journal& journal, const Grounds& grounds, Report& report);

}  // namespace callgate::why
