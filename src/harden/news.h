// What a run shows that a profile does not grant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "closure/close.h"
#include "policy/policy.h"
#include "why/denial.h"

namespace callgate::harden {

// A call that is needed and refused; of several phases and arguments one stands for all.
struct News {
  closure::Entry entry;
  policy::Call witness;  // that the profile refuses
  closure::Phase phase{};
  bool operator==(const News&) const = default;
};
// The profiles of a run: one before it serves, one from then on.
struct Grants {
  const policy::Policy& startup;
  const policy::Policy& later;
};
// What the run alone needs (closed as `options` say) and `granted` refuses, by architecture and number; what is added
// to that only if there is nothing else. A profile that logs refuses nothing: `granted` is the one to be enforced.
std::vector<News> news(const recording::Run& run, const closure::Options& options, const Grants& granted);
// "socket(domain=AF_NETLINK, …), made 2 times by ip".
std::string describe(const News& news);

// Of a run that was recorded under enforced profiles: those calls alone that were refused, as one that only_refused is
// set for.
recording::Run refused_of(recording::Run run);
// What was refused of it by `granted`; by other filters it may have been, too. Where a process began anew under the
// later profile (it executed something) the recording has the call at startup.
std::vector<News> refused(const recording::Run& run, const closure::Options& options, const Grants& granted);

// Denied calls (or those of log mode) as a run that only_refused is set for: each in all phases, for what saw them
// does not tell phases apart, with the arguments that a recording keeps. `run` tells of command, machine and time.
// `refused`: they got an error or worse, and were not let through.
recording::Run refused_run(recording::Run run, const std::vector<why::Denial>& denials, bool refused);

}  // namespace callgate::harden
