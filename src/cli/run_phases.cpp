// SPDX-License-Identifier: Apache-2.0
#include "cli/run_phases.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "cli/input.h"
#include "cli/prepare.h"
#include "cli/run_seals.h"
#include "phases/diagnostic_ids.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "sandbox/guard.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

struct Phase : PhaseFilter {
  std::string profile;
};

std::optional<phases::Switch> refuse(Session& session, int& status, std::string message, std::string help = {}) {
  session.diagnostics().add(phases::kBadPhase, {}, std::move(message), std::move(help));
  status = kUsage;
  return std::nullopt;
}

// Names stand in the marker's path.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

// Profile and filters alike as a policy, with what the seals deny.
bool load_phase(Session& session, Phase& phase, const std::optional<policy::Policy>& guard, int& status) {
  const auto options = read_options(session);
  if (!options) {
    status = kUsage;
    return false;
  }
  auto subject = load(session, phase.profile, *options, status);
  if (!subject) return false;
  if (subject->is_policy && !subject->profile.confined) {
    phase.policy = policy::Builder(policy::kAllow).finish();
  } else {
    auto policy = subject->as_policy();
    if (!policy) {
      status = session.fail(policy.error());
      return false;
    }
    phase.policy = std::move(*policy);
    if (subject->is_policy) phase.flags = sandbox::filter_flags(subject->profile.flags);
  }
  if (!guard) return true;
  const std::array<policy::Policy, 2> newest_first{std::move(phase.policy), *guard};
  auto both = policy::stack(newest_first);
  if (!both) {
    status = session.fail(both.error());
    return false;
  }
  phase.policy = std::move(*both);
  return true;
}

bool is_stricter(Session& session, const PhaseFilter& first, const PhaseFilter& second, int& status) {
  const auto witness = policy::first_excess(second.policy, first.policy);
  if (!witness) return true;
  session.diagnostics().add(
      phases::kNotStricter, {},
      fmt::format("{} {}: phase '{}' answers {}, '{}' answers {}", syntax::describe_arch(witness->audit, witness->nr),
                  syntax::describe_call(*witness), first.name,
                  policy::to_string(policy::evaluate(first.policy, *witness)), second.name,
                  policy::to_string(policy::evaluate(second.policy, *witness))),
      "callgate merge --intersect makes the profile that would be in force");
  status = kNo;
  return false;
}

std::optional<std::array<Phase, 2>> read_phases(Session& session, int& status) {
  const auto words = session.arguments().all("phase");
  std::array<Phase, 2> out;
  std::size_t count = 0;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || !is_name(word.substr(0, equals)) || equals + 1 == word.size()) {
      refuse(session, status, fmt::format("'{}' is no NAME=PROFILE", base::printable(word)),
             "names are made of letters, digits, - and _");
      return std::nullopt;
    }
    if (count < out.size())
      out[count] = {{std::string(word.substr(0, equals)), {}, 0}, std::string(word.substr(equals + 1))};
    ++count;
  }
  if (count != out.size() || out[0].name == out[1].name) {
    refuse(session, status, fmt::format("there are two phases of different names, not {}", count));
    return std::nullopt;
  }
  return out;
}

}  // namespace

bool has_phases(const Session& session) {
  return session.arguments().has("phase") || session.arguments().has("switch-at");
}

std::optional<phases::Switch> plan_phases(Session& session, sandbox::Plan& plan, int& status) {
  for (const char* const option : {"profile", "filter", "trace"})
    if (session.arguments().has(option))
      return refuse(session, status, fmt::format("--phase does not go with --{}", option));
  auto both = read_phases(session, status);
  if (!both) return std::nullopt;
  auto& [first, second] = *both;
  const auto where = session.arguments().last("switch-at");
  if (!where) return refuse(session, status, "--switch-at is missing: where does the second phase begin?");
  const auto at = phases::parse_switch_point(*where, second.name);
  if (!at)
    return refuse(session, status, fmt::format("--switch-at {} is no such point", base::printable(*where)),
                  "listen, accept, exec, main, marker, or a time: 5s, 500ms");
  const auto guard = sandbox::guard(plan.seals);
  if (!load_phase(session, first, guard, status) || !load_phase(session, second, guard, status)) return std::nullopt;
  return arm(session, plan, first, std::move(second), *at, status);
}

std::optional<phases::Switch> arm(Session& session, sandbox::Plan& plan, const PhaseFilter& first, PhaseFilter second,
                                  const phases::SwitchPoint& at, int& status) {
  if (!tracee::host::can_inject())
    return refuse(session, status, "a running program cannot be given a filter on this architecture");
  if (!is_stricter(session, first, second, status)) return std::nullopt;
  const auto grant = phases::random_grant(second.flags);
  const auto start = grant ? phases::with_grant(first.policy, *grant) : base::Result<policy::Policy>(first.policy);
  if (!grant || !start) {
    status = session.fail(!grant ? grant.error() : start.error());
    return std::nullopt;
  }
  auto filter = compile_and_prove(session, *start, {}, status);
  auto next = filter ? compile_and_prove(session, second.policy, {}, status) : std::nullopt;
  if (!next) return std::nullopt;
  plan.filter = std::move(filter->program);
  plan.filter_flags = first.flags;
  plan.later.push_back(
      fmt::format("{}: load '{}', a filter of {} instructions, into all threads of the process, and "
                  "trace it no more",
                  phases::describe(at), second.name, next->program.size()));
  return phases::Switch{at, {std::move(next->program), std::move(second.policy), *grant}};
}

int run_in_phases(Session& session, const sandbox::Plan& plan, const phases::Switch& change) {
  const sandbox::SignalBlock signals;
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};
  const auto say = [&](const sandbox::Refusal& refusal) {
    session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
    return refusal.exit_status;
  };
  const sandbox::Kernel kernel = phases::following(*session.env().kernel);
  auto launched = sandbox::launch(plan, signals, true, kernel);
  if (!launched) return say(sandbox::describe(launched.error(), plan.program, plan.seals));
  const phases::Outcome outcome = phases::follow(*launched, change);
  if (!outcome.failure.empty()) {
    clean_up(session, *launched);
    session.diagnostics().add(phases::kNotSwitched, {},
                              fmt::format("'{}': {}", base::printable(plan.program), outcome.failure),
                              "it was killed: nothing runs on under the wider filter");
    return sandbox::kExitOwnFailure;
  }
  const sandbox::Ended ended = outcome.ended ? *outcome.ended : sandbox::supervise(*launched);
  clean_up(session, *launched);
  if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
    return say(sandbox::describe(failure, plan.program, plan.seals));
  if (ended.wait_errno != 0) return say(sandbox::describe_wait(ended, plan.program));
  if (outcome.ended && outcome.switched == 0)
    session.diagnostics().add(phases::kNeverThere, {},
                              fmt::format("'{}' ended before it was switched ({})", base::printable(plan.program),
                                          phases::describe(change.at)));
  return ended.exit_status;
}

}  // namespace callgate::cli
