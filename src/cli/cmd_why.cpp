// callgate why: which calls a filter denied a program, and what that means.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/options.h"
#include "cli/why_evidence.h"
#include "format/shipped.h"
#include "why/print.h"

namespace callgate::cli {

namespace {

constexpr std::array<std::string_view, 4> kSources{"log", "strace", "pid", "core"};

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
  if (source == "pid") status = look_at_process(session, where, journal, report);
  if (status == kYes) {
    const why::Grounds grounds = subject != nullptr ? grounds_of(session, *subject, options) : why::Grounds{};
    report.profile = grounds.name;
    why::explain_all(journal, grounds, report);
    status = !print_report(session, report) ? kBadInput : journal.denials().empty() ? kYes : kNo;
  }
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};  // their lines end with this function
  return status;
}

int why_command(Session& session) {
  const Arguments& given = session.arguments();
  std::vector<std::string_view> sources;
  for (const std::string_view each : kSources)
    if (given.has(each)) sources.push_back(each);
  if (sources.size() + (given.operands.empty() ? 0 : 1) != 1)
    return session.usage(kBadOperands, "'why' needs one of -- CMD, --log, --strace, --core, --pid");
  auto options = read_options(session);
  if (!options) return kUsage;
  options->origins = true;
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
    std::array<Option, 6>{{
        {"profile", 'p', "PROFILE", "the profile or filter that denied the calls", ""},
        {"log", 0, "WHERE",
         "the kernel's audit records: a file (of an audit daemon, or of dmesg), '-', `kernel` for the kernel log as it "
         "is, `live` for what comes",
         ""},
        {"strace", 0, "FILE", "a recording by strace -f; with -k its backtraces are shown, too", ""},
        {"core", 0, "FILE", "a core file of a program that a filter ended", ""},
        {"pid", 0, "PID", "a live process: the filters in force in it, and its denials in the kernel log", ""},
        {"for", 0, "SECONDS", "with --log live: how long to listen (10 if not given)", ""},
    }} +
    kOutput + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 2> kExamples{{
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
    "Arguments that are constants (flags, families, commands) are part of what is admitted; pointers, descriptors and "
    "sizes are not.",
    kOperands,
    kOptions,
    kExamples,
    "0 nothing was denied; 1 something was",
    true,
    why_command};

}  // namespace callgate::cli
