// callgate run
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/prepare.h"
#include "cli/run_oci.h"
#include "cli/run_phases.h"
#include "cli/run_seals.h"
#include "policy/algebra.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/guard.h"
#include "sandbox/supervise.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

int refuse(Session& session, const sandbox::Refusal& refusal) {
  session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
  return refusal.exit_status;
}

// NOTIFY waits for an agent and TRACE for a tracer; there is neither, and the kernel answers ENOSYS.
void warn_of_listeners(Session& session, const policy::Policy& policy) {
  using policy::ActionKind;
  const auto asks = [](policy::Action action) {
    return action.kind == ActionKind::notify || action.kind == ActionKind::trace;
  };
  bool any = false;
  for (const policy::Decision& decision : policy.decisions) {
    any = any || asks(decision.otherwise);
    for (const policy::Clause& clause : decision.clauses) any = any || asks(clause.action);
  }
  if (any)
    session.diagnostics().add(sandbox::kNoListener, {},
                              "calls with SCMP_ACT_NOTIFY or SCMP_ACT_TRACE will fail with ENOSYS: nobody listens");
}

// Into one filter with the profile where that is a policy, else as one of its own.
bool add_guard(Session& session, sandbox::Plan& plan, policy::Policy* policy, int& status) {
  const auto guard = sandbox::guard(plan.seals);
  if (!guard) return true;
  if (policy != nullptr) {
    const std::array<policy::Policy, 2> newest_first{std::move(*policy), *guard};
    auto both = policy::stack(newest_first);
    if (!both) {
      status = session.fail(both.error());
      return false;
    }
    *policy = std::move(*both);
    return true;
  }
  auto prepared = compile_and_prove(session, *guard, {}, status);
  if (!prepared) return false;
  plan.guard = std::move(prepared->program);
  return true;
}

// A file of --filter is loaded as it is: looked at as the kernel will, and no more.
bool take_filter(Session& session, sandbox::Plan& plan, int& status) {
  status = kBadInput;
  if (session.arguments().all("filter").size() > 1) {
    status = session.usage(kBadOptionValue, "--filter is given more than once; run loads one",
                           "callgate merge --intersect makes one of several: what all of them allow");
    return false;
  }
  if (session.arguments().has("profile")) {
    status = session.usage(kBadOptionValue, "--filter is loaded in place of a profile, but --profile is given too",
                           "give one of the two");
    return false;
  }
  const base::SourceFile* const file = session.open(std::string(*session.arguments().last("filter")));
  if (file == nullptr) return false;
  auto program = read_filter(session, *file);
  if (!program) return false;
  plan.filter = std::move(*program);
  return add_guard(session, plan, nullptr, status);
}

// The program to load; nothing in `plan.filter` where seccomp is off.
bool add_filter(Session& session, sandbox::Plan& plan, int& status) {
  if (session.arguments().has("filter")) return take_filter(session, plan, status);
  const auto options = read_options(session);
  if (!options) {
    status = kUsage;
    return false;
  }
  const std::string name(session.arguments().last("profile").value_or("docker-default"));
  auto subject = load(session, name, *options, status);
  if (!subject) return false;
  if (!subject->is_policy) {
    if (subject->stack.size() > 1) {
      status = session.fail({base::ErrorCode::unsupported,
                             fmt::format("{} is under {} filters; run takes one", name, subject->stack.size()), 0});
      return false;
    }
    plan.filter = subject->stack.front();
    return add_guard(session, plan, nullptr, status);
  }
  if (!subject->profile.confined) return add_guard(session, plan, nullptr, status);
  if (!add_guard(session, plan, &subject->profile.policy, status)) return false;
  auto prepared = compile_and_prove(session, subject->profile.policy, {}, status);
  if (!prepared) return false;
  warn_of_listeners(session, subject->profile.policy);
  plan.filter = std::move(prepared->program);
  plan.filter_flags = sandbox::filter_flags(subject->profile.flags);
  return true;
}

void report_kill(Session& session, const sandbox::Killed& killed) {
  session.diagnostics().add(sandbox::kKilled, {}, sandbox::describe(killed),
                            killed.whole_program ? "" : "the program itself went on");
}

void report_from_log(Session& session, const std::string& program, pid_t pid,
                     const std::optional<sandbox::KernelLog>& log) {
  const auto record = log ? log->find_kill(pid) : std::nullopt;
  if (record) {
    report_kill(session,
                {record->pid, true, record->comm, record->audit, record->nr, policy::from_return_value(record->value)});
    return;
  }
  session.diagnostics().add(
      sandbox::kKilled, {},
      fmt::format("'{}' was ended by SIGSYS, as a filter does; the kernel log {}", base::printable(program),
                  log ? "has no record of the call" : "cannot be read to tell the call"),
      "callgate run --trace names the call");
}

int execute(Session& session, const sandbox::Plan& plan, const std::optional<phases::Switch>& change) {
  if (change) return run_in_phases(session, plan, *change);
  const bool traced = session.arguments().has("trace");
  const auto log = plan.filter && !traced ? sandbox::KernelLog::open() : std::nullopt;
  const sandbox::SignalBlock signals;
  // What was found so far must not come after the program's own output.
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};
  auto launched = sandbox::launch(plan, signals, traced, *session.env().kernel);
  if (!launched) return refuse(session, sandbox::describe(launched.error(), plan.program, plan.seals));
  if (traced) {
    const std::span<const bpf::Insn> filter =
        plan.filter ? std::span<const bpf::Insn>(*plan.filter) : std::span<const bpf::Insn>();
    const sandbox::Report report = sandbox::supervise_traced(*launched, filter);
    clean_up(session, *launched);
    if (const auto failure = sandbox::failure_of(*launched, report.ended); failure.stage != sandbox::Stage::none)
      return refuse(session, sandbox::describe(failure, plan.program, plan.seals));
    for (const sandbox::Killed& killed : report.killed) report_kill(session, killed);
    return report.ended.exit_status;
  }
  const pid_t program = log ? sandbox::program_pid(*launched) : 0;
  const sandbox::Ended ended = sandbox::supervise(*launched);
  clean_up(session, *launched);
  if (const auto failure = sandbox::failure_of(*launched, ended); failure.stage != sandbox::Stage::none)
    return refuse(session, sandbox::describe(failure, plan.program, plan.seals));
  if (ended.wait_errno != 0) return refuse(session, sandbox::describe_wait(ended, plan.program));
  if (ended.signal == SIGSYS && plan.filter) report_from_log(session, plan.argv[0], program, log);
  return ended.exit_status;
}

}  // namespace

int run_command(Session& session) {
  if (session.arguments().has("oci")) return run_bundle(session);
  for (const Option& option : kOciOptions)
    if (session.arguments().has(option.name)) {
      session.usage(kBadOptionValue, fmt::format("--{} goes with --oci BUNDLE", option.name));
      return sandbox::kExitOwnFailure;
    }
  if (session.arguments().operands.empty()) {
    session.usage(kBadOperands, "'run' needs CMD: the program; looked for in PATH if it has no slash");
    return sandbox::kExitOwnFailure;
  }
  sandbox::Plan plan;
  plan.argv = session.arguments().operands;
  plan.environment = session.env().environment;
  int status = kYes;
  sandbox::Refusal refusal;
  if (!add_seals(session, plan, refusal)) return refuse(session, refusal);
  std::optional<phases::Switch> change;
  if (has_phases(session)) {
    change = plan_phases(session, plan, status);
    if (!change) return sandbox::kExitOwnFailure;
  } else if (!add_filter(session, plan, status)) {
    return sandbox::kExitOwnFailure;
  }
  if (const auto missing = find_program(session, plan)) return refuse(session, *missing);
  if (plan.filter)
    if (const auto stuck = sandbox::check_can_start(*plan.filter)) return refuse(session, *stuck);
  if (session.arguments().has("plan")) {
    print_plan(session, plan);
    return kYes;
  }
  return execute(session, plan, change);
}

}  // namespace callgate::cli
