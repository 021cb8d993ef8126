// Faults of manifests as lint's findings: what resolve/ finds to be in force is held against what was meant, against a
// ceiling (what a profile may grant at most) and against a closure (what the program needs). Mending is in mend.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "closure/closure.h"
#include "container/container.h"
#include "lint/lint.h"
#include "manifest/answer.h"
#include "policy/policy.h"
#include "resolve/resolve.h"

namespace callgate::review {

// A policy that containers' filters are held against.
struct Bound {
  std::string name;  // as the user calls it
  policy::Policy policy;
};

// What a program needs: all that a profile grants, or what recordings were closed into.
struct Need : Bound {
  std::optional<closure::Closure> closure;  // that `policy` comes of, if it does
  std::optional<closure::Phase> phase;      // of it, and those after it; all
};

struct Options {
  resolve::Options resolve;
  std::optional<Bound> ceiling;  // no container may be granted more
  std::optional<Need> closure;   // every container must be granted all of it
};

// What is in force, with what is wrong with it.
struct Judged {
  manifest::Answer answer;
  std::vector<lint::Report> reports;
  bool all_read = true;
};
// One report for each file that says something about a container, in the order in which they come up; the operands come
// first, even where nothing is wrong with them. What cannot be read is diagnosed, and the rest is reported.
Judged judge_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                   base::Diagnostics& diagnostics);
// A command line, as typed; its report is called "command line".
std::optional<std::vector<lint::Report>> review_command(std::span<const std::string> words, const Options& options,
                                                        container::World& world, base::Diagnostics& diagnostics);

// The same two bounds for a profile by itself: what breaks them goes into its report.
void hold_against_bounds(const policy::Policy& policy, const Options& options, arch::Arch native, lint::Report& report);

}  // namespace callgate::review
