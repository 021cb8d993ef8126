// callgate why: which calls a filter denied a program, and what that means.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/output_aside.h"
#include "cli/prepare.h"
#include "cli/run_seals.h"
#include "cli/why_evidence.h"
#include "format/shipped.h"
#include "policy/algebra.h"
#include "sandbox/guard.h"
#include "sandbox/launch.h"
#include "why/live.h"
#include "why/print.h"

namespace callgate::cli {

namespace {

constexpr std::array<std::string_view, 6> kSources{"log", "strace", "pid", "core", "container", "inspect"};

// The profile's own text, if it is one that a change can be made in.
why::Grounds grounds_of(Session& session, const Subject& subject, const format::ReadOptions& options) {
  why::Grounds out{subject.name, nullptr, subject.is_policy ? &subject.profile : nullptr, options};
  if (!subject.is_policy || subject.built_in || !subject.by_engine || format::find_shipped(subject.name) != nullptr)
    return out;
  out.file = subject.profile.default_span.file;
  if (out.file == nullptr) out.file = session.open(file_of(subject.name));
  return out;
}

bool print_report(Session& session, const why::Report& report) {
  if (!session.json()) return session.emit(why::to_text(report));
  auto json = session.begin_json();
  why::to_json(report, json);
  json.end_object();
  return session.emit(json.take());
}

int from_evidence(Session& session, std::string_view source, const Subject* subject,
                  const format::ReadOptions& options) {
  why::Journal journal;
  why::Report report;
  preflight::KeptLines kept;
  const std::string where(*session.arguments().last(source));
  int status = kUsage;
  if (source == "log") status = read_log(session, where, journal, report);
  if (source == "strace") status = read_strace_log(session, where, subject, journal, report, kept);
  if (source == "core") status = read_core_file(session, where, subject, journal, report);
  ContainerGrounds of_container;
  if (source == "container") status = look_at_container(session, where, options, journal, report, of_container);
  if (source == "inspect") status = look_at_inspected(session, where, options, journal, report, of_container);
  if (source == "pid") status = look_at_process(session, where, journal, report);
  if (status == kYes) {
    const why::Grounds grounds =
        subject != nullptr ? grounds_of(session, *subject, options) : std::move(of_container.grounds);
    report.profile = grounds.name;
    why::explain_all(journal, grounds, report);
    status = !print_report(session, report) ? kBadInput : journal.denials().empty() ? kYes : kNo;
  }
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};  // their lines end with this function
  return status;
}

int refuse(Session& session, const sandbox::Refusal& refusal) {
  session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
  return refusal.exit_status;
}

// What the program is to be under: the profile, and what the seals deny on top of it. Nothing where that is nothing.
base::Result<std::optional<policy::Policy>> in_force(const format::Profile& profile,
                                                     const std::optional<policy::Policy>& guard) {
  if (!guard) return profile.confined ? std::optional(profile.policy) : std::nullopt;
  if (!profile.confined) return std::optional(guard);
  const std::array<policy::Policy, 2> newest_first{profile.policy, *guard};
  CALLGATE_TRY(policy::Policy both, policy::stack(newest_first));
  return std::optional(std::move(both));
}

// What is loaded, and what it stands for. No filter in the plan where seccomp is off.
std::optional<why::StandIn> add_stand_in(Session& session, Subject& subject, sandbox::Plan& plan,
                                         const std::optional<policy::Policy>& guard) {
  int status = kYes;
  if (!subject.is_policy)
    if (const auto done = decompile_into(subject); !done) {
      session.fail(done.error());
      return std::nullopt;
    }
  const auto filter = in_force(subject.profile, guard);
  if (!filter) {
    session.fail(filter.error());
    return std::nullopt;
  }
  auto out = why::stand_in(*filter ? **filter : subject.profile.policy);
  if (!out) {
    session.fail(out.error());
    return std::nullopt;
  }
  if (!*filter) return std::move(*out);
  auto original = compile_and_prove(session, **filter, {}, status);
  if (!original) return std::nullopt;
  if (const auto stuck = sandbox::check_can_start(original->program)) {
    refuse(session, *stuck);
    return std::nullopt;
  }
  auto prepared = compile_and_prove(session, out->policy, {}, status);
  if (!prepared) return std::nullopt;
  plan.filter = std::move(prepared->program);
  if (subject.profile.confined) plan.filter_flags = sandbox::filter_flags(subject.profile.flags);
  return std::move(*out);
}

// A program's report stands beside its output: on standard error, if it is text.
bool print_beside(Session& session, const why::Report& report) {
  if (session.json() || session.arguments().has("output")) return print_report(session, report);
  session.env().err(why::to_text(report));
  return true;
}

int from_program(Session& session, const format::ReadOptions& options) {
  const std::string name(session.arguments().last("profile").value_or("docker-default"));
  int status = kYes;
  sandbox::Plan plan;
  plan.argv = session.arguments().operands;
  plan.environment = session.env().environment;
  sandbox::Refusal refusal;
  if (!add_seals(session, plan, refusal)) return refuse(session, refusal);
  auto subject = load(session, name, options, status);
  if (!subject) return sandbox::kExitOwnFailure;
  if (const auto missing = find_program(session, plan)) return refuse(session, *missing);
  why::Grounds grounds = grounds_of(session, *subject, options);
  grounds.guard = sandbox::guard(plan.seals);
  const auto stand_in = add_stand_in(session, *subject, plan, grounds.guard);
  if (!stand_in) return sandbox::kExitOwnFailure;
  const sandbox::SignalBlock signals;
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};
  why::Report report;
  report.profile = name;
  for (const std::string& word : plan.argv) report.source += (report.source.empty() ? "" : " ") + base::printable(word);
  why::Followed followed;
  {
    std::optional<OutputAside> aside;
    if (session.json() && !session.arguments().has("output")) aside.emplace();
    auto launched = sandbox::launch(plan, signals, true, why::following(*session.env().kernel));
    if (!launched) return refuse(session, sandbox::describe(launched.error(), plan.program, plan.seals));
    followed = why::follow(*launched, *stand_in, session.env().unwinder);
    clean_up(session, *launched);
    const auto failure = sandbox::failure_of(*launched, followed.ended);
    if (failure.stage != sandbox::Stage::none) {
      followed.ended.exit_status = refuse(session, sandbox::describe(failure, plan.program, plan.seals));
      if (followed.journal.denials().empty()) return followed.ended.exit_status;
    }
  }
  report.exit_status = followed.ended.exit_status;
  report.signal = followed.ended.signal;
  if (followed.own_filters)
    report.notes.emplace_back(
        "the program loaded filters of its own: a call that those answer with an error, and the profile, too, is not "
        "told "
        "here");
  why::explain_all(followed.journal, grounds, report);
  return print_beside(session, report) ? followed.ended.exit_status : sandbox::kExitOwnFailure;
}

int why_command(Session& session) {
  const Arguments& given = session.arguments();
  std::vector<std::string_view> sources;
  for (const std::string_view each : kSources)
    if (given.has(each)) sources.push_back(each);
  if (sources.size() + (given.operands.empty() ? 0 : 1) != 1)
    return session.usage(kBadOperands,
                         "'why' needs one of -- CMD, --log, --strace, --core, --pid, --container, --inspect");
  if (!sources.empty() && has_seals(session))
    return session.usage(kBadOperands, fmt::format("seals are for CMD; --{} tells of what was", sources.front()));
  auto options = read_options(session);
  if (!options) return kUsage;
  options->origins = true;
  if (sources.empty()) return from_program(session, *options);
  std::optional<Subject> subject;
  if (const auto name = given.last("profile")) {
    int status = kYes;
    subject = load(session, std::string(*name), *options, status);
    if (!subject) return status;
  }
  return from_evidence(session, sources.front(), subject ? &*subject : nullptr, *options);
}

constexpr std::array<Operand, 2> kOperands{{
    {"CMD", "the program, behind `--`", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 9>{{
        {"profile", 'p', "PROFILE",
         "the profile or filter: CMD runs under it (docker-default if not given); of what "
         "was denied already it explains the decisions",
         ""},
        {"log", 0, "WHERE",
         "the kernel's audit records: a file (of an audit daemon, or of dmesg), '-', `kernel` for the kernel log as it "
         "is, `live` for what comes",
         ""},
        {"strace", 0, "FILE", "a recording by strace -f; with -k its backtraces are shown, too", ""},
        {"core", 0, "FILE", "a core file of a program that a filter ended", ""},
        {"pid", 0, "PID", "a live process: the filters in force in it, and its denials in the kernel log", ""},
        {"container", 'c', "ID",
         "a container, by name or id: if it runs, as --pid; if it has ended, what its state, its profile and the "
         "kernel's "
         "log tell",
         ""},
        {"inspect", 0, "FILE",
         "the same of one that `docker inspect` or `podman inspect` told of; '-' is standard input", ""},
        {"host", 'H', "SOCKET", "the engine's socket, unix:///run/docker.sock (where engines listen if not given)", ""},
        {"for", 0, "SECONDS", "with --log live: how long to listen (10 if not given)", ""},
    }} +
    kSealOptions + kOutput + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 4> kExamples{{
    {"callgate why -p restrictive -- ls", "Why no dynamically linked program starts under that profile.", 127},
    {"callgate why -p deny-getcwd.json -- pwd", "What killed it, from where, and what would let it live.", 159},
    {"callgate why --profile restrictive --strace denied.log", "What became of a program that was traced under it.", 1},
    {"callgate why --log audit.log", "The kernel's records of denials, explained.", 1},
}};

}  // namespace

const Command kWhyCommand{
    "why",
    "tell which calls a filter denied a program, why, and what would admit them",
    "For each denied call: the call with its arguments, who made it and from where, what decided (a rule with file and "
    "line, the default, the architecture, the runtime), what the program did next, what the denial is known to mean, "
    "and the smallest change of the profile that admits it. A change is shown only if the changed profile was read "
    "again and proved to admit that call and nothing else; what cannot be helped beside it is said.\n\n"
    "CMD runs as under `run`, with the same seals, if any, and with the same errnos, signals and deaths, traced only "
    "where a call is denied; the report "
    "comes when it and all that it started have ended: text on standard error beside CMD's own output, JSON on "
    "standard "
    "output, where CMD's own then goes to standard error, or to the file of -o.\n\n"
    "Arguments that are constants (flags, families, commands) are part of what is admitted; pointers, descriptors and "
    "sizes are not.",
    kOperands,
    kOptions,
    kExamples,
    "with CMD, as of `run`: that of CMD; else 0 nothing was denied, 1 something was",
    true,
    why_command};

}  // namespace callgate::cli
