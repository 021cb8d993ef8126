// callgate lint
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/io.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "convert/formats.h"
#include "format/shipped.h"
#include "lint/fix.h"
#include "lint/lint.h"
#include "lint/print.h"

namespace callgate::cli {

namespace {

// A filter has no text: what it does is looked at, decompiled.
std::optional<lint::Report> filter_report(Session& session, const std::string& name, const lint::Options& options,
                                          int& status) {
  int failure = kYes;
  const auto subject = load(session, name, options.reading, failure);
  if (!subject) {
    status = failure;
    return std::nullopt;
  }
  const auto policy = subject->as_policy();
  if (policy) return lint::lint_policy(name, *policy, options);
  status = session.fail(policy.error());
  return std::nullopt;
}

std::optional<lint::Report> report_of(Session& session, const std::string& name, const lint::Options& options,
                                      int& status) {
  if (auto built_in = lint::lint_builtin(name, options)) return built_in;
  if (is_process(name)) return filter_report(session, name, options, status);
  const format::ShippedProfile* const shipped = format::find_shipped(name);
  const base::SourceFile* const file =
      shipped != nullptr ? &session.keep_text(name, shipped->text) : session.open(file_of(name));
  if (file != nullptr && looks_like_filter(*file)) return filter_report(session, name, options, status);
  if (file != nullptr && shipped == nullptr && convert::sniff(file->text()) != nullptr) {
    // Another tool's format: what it means is looked at, and where its calls stand.
    if (auto reading = read_any(session, name, options.reading))
      return lint::lint_profile(*file, std::move(reading->profile), reading->by_engine, options);
  } else if (file != nullptr) {
    if (auto report = lint::lint(*file, options, session.diagnostics())) return report;
  }
  status = kBadInput;
  return std::nullopt;
}

// What --fix would change, or changes. Nothing is printed of a file that needs no mending.
int mend(Session& session, const lint::Options& options, bool write) {
  for (const std::string& name : session.arguments().operands) {
    if (is_process(name) || format::find_builtin(name) != nullptr || (write && name == "-"))
      return session.usage(kBadOperands, fmt::format("'{}' cannot be written", name), "give a file");
    const base::SourceFile* const file = session.open(name);
    if (file == nullptr) return kBadInput;
    if (looks_like_filter(*file) || convert::sniff(file->text()) != nullptr)
      return session.usage(kBadOperands,
                           fmt::format("'{}' cannot be mended: it is no profile of OCI's or Docker's form", name),
                           "'callgate convert' makes one of it");
    const lint::Mended mended = lint::mend(*file, options);
    if (mended.text == file->text()) continue;
    if (!write) {
      session.print(lint::unified_diff(file->name(), file->text(), mended.text));
      continue;
    }
    if (auto written = base::write_file(name, mended.text); !written) return session.fail(written.error());
    for (const std::string& fix : mended.fixes) session.env().err(fmt::format("{}: mended {}\n", name, fix));
  }
  return kYes;
}

bool print(Session& session, const std::vector<lint::Report>& reports) {
  const auto format = session.arguments().last("format").value_or("text");
  if (format == "sarif") return session.emit(lint::to_sarif(reports, CALLGATE_VERSION));
  if (format == "github") return session.emit(lint::to_github(reports));
  if (format == "json") {
    auto json = session.begin_json();
    lint::to_json(reports, json);
    json.end_object();
    return session.emit(json.take());
  }
  const char* const no_color = session.env().variable("NO_COLOR");
  const bool colour =
      session.env().out_is_terminal && !session.arguments().has("output") && (no_color == nullptr || *no_color == '\0');
  std::string text;
  for (const lint::Report& report : reports) text += lint::to_text(report, colour);
  return session.emit(text);
}

int list_rules(Session& session) {
  if (session.arguments().last("format").value_or("text") != "json") {
    session.print(lint::rules_text());
    return kYes;
  }
  auto json = session.begin_json();
  lint::rules_json(json);
  session.print(json);
  return kYes;
}

int lint_command(Session& session) {
  const Arguments& given = session.arguments();
  if (given.has("rules")) return list_rules(session);
  if (given.operands.empty())
    return session.usage(kBadOperands, "'lint' needs FILE: a profile", "callgate lint --rules lists the rules");
  const auto reading = read_options(session);
  if (!reading) return kUsage;
  const lint::Options options{*reading, given.has("as")};
  if (given.has("diff")) return mend(session, options, false);
  if (given.has("fix"))
    if (const int mended = mend(session, options, true); mended != kYes) return mended;
  std::vector<lint::Report> reports;
  int status = kYes;
  for (const std::string& name : given.operands)
    if (auto report = report_of(session, name, options, status)) reports.push_back(std::move(*report));
  const auto fail_on = lint::find_level(given.last("fail-on").value_or("warning"));
  for (const lint::Report& report : reports) {
    if (status == kYes && fail_on && report.count(*fail_on) > 0) status = kNo;
    for (const std::string& defect : report.defects) {
      session.diagnostics().add(kInternal, {}, fmt::format("a witness does not hold: {}", defect),
                                "this is a defect of callgate");
      status = kOwnDefect;
    }
  }
  if (!print(session, reports)) return kBadInput;
  return status;
}

constexpr std::array<Operand, 1> kOperands{
    {{"FILE",
      "a profile of any format, or a filter: a path, '-', docker-default, podman-default, or pid:N for a live process",
      false, true}}};
constexpr auto kOptions =
    std::array<Option, 5>{{
        {"fail-on", 0, "LEVEL",
         "end with status 1 if there is a finding of this level or a graver one (warning if not "
         "given)",
         "error,warning,note,never"},
        {"fix", 0, "", "mend in the files what can be mended for certain, then report what is left", ""},
        {"diff", 0, "", "print what --fix would change, and change nothing", ""},
        {"rules", 0, "", "list the rules", ""},
        {"format", 0, "FORMAT", "print findings as text, json, sarif (2.1.0) or github (annotations)",
         "text,json,sarif,github"},
    }} +
    kReading + kOutput;
constexpr std::array<Example, 5> kExamples{{
    {"callgate lint profile.json", "What is wrong with a profile, and what it really is.", 1},
    {"callgate lint docker-default --fail-on error", "Docker's own default has no graver finding than warnings."},
    {"callgate lint profile.json --format sarif --fail-on never -o lint.sarif", "For code scanning."},
    {"callgate lint profile.json --diff", "What --fix would change."},
    {"callgate lint --rules", "Every rule; docs/lint/ has a page on each."},
}};

}  // namespace

extern const Command kLintCommand{
    "lint",
    "find faults in profiles, each with a call that shows it",
    "Reads each file as one engine does (--as, else docker, else the first that takes it) and beside that as all the "
    "others do, and reports what is wrong: rules without effect, ways around a rule, dangerous calls within reach, "
    "programs that cannot start, engines that disagree. The first lines say what the profile really is; the last ones "
    "how far it is from Docker's default, with the reasons.\n\n"
    "A finding is suppressed in the file, for all of it by a member \"x-callgate-ignore\": [\"RULE reason\"], for a "
    "rule "
    "by the same member or by its comment \"callgate:ignore RULE reason\". No engine looks there.",
    kOperands,
    kOptions,
    kExamples,
    "0 nothing found at or above --fail-on; 1 something found; 3 a file cannot be read at all",
    false,
    lint_command};

}  // namespace callgate::cli
