// callgate run --phase: a program under one profile at first, and under a stricter one from a point of its life on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/session.h"
#include "phases/follow.h"
#include "sandbox/plan.h"

namespace callgate::cli {

inline constexpr auto kPhaseOptions = std::array<Option, 2>{{
    {"phase", 0, "NAME=PROFILE", "a phase of the program's life and its profile; given twice, in order", "", true},
    {"switch-at", 0, "WHERE",
     "where the second phase begins: listen, accept, exec, main, marker, or a time (5s, 500ms)", ""},
}};

bool has_phases(const Session& session);

// A phase with what its filter must answer.
struct PhaseFilter {
  std::string name;
  policy::Policy policy;
  std::uint32_t flags = 0;
};
// Puts the first one's filter into `plan`, ready to be switched. Nothing (diagnosed) if there can be no such run;
// `status` is kNo where the second phase grants more than the first.
std::optional<phases::Switch> arm(Session& session, sandbox::Plan& plan, const PhaseFilter& first, PhaseFilter second,
                                  const phases::SwitchPoint& at, int& status);
// The phases of --phase, armed.
std::optional<phases::Switch> plan_phases(Session& session, sandbox::Plan& plan, int& status);
// The exit status.
int run_in_phases(Session& session, const sandbox::Plan& plan, const phases::Switch& change);

}  // namespace callgate::cli
