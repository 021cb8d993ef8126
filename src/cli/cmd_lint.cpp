// callgate lint
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>

#include "base/io.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/lint_inputs.h"
#include "cli/options.h"
#include "cli/surroundings.h"
#include "closure/file.h"
#include "convert/formats.h"
#include "format/shipped.h"
#include "lint/fix.h"
#include "lint/lint.h"
#include "lint/print.h"
#include "policy/effort.h"
#include "review/mend.h"
#include "review/review.h"

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
  if (file != nullptr && shipped == nullptr && !convert::candidates(file->text()).empty()) {
    // Another tool's format: what it means is looked at, and where its calls stand.
    if (auto reading = read_any(session, name, options.reading))
      return lint::lint_profile(*file, std::move(reading->profile), reading->by_engine, options);
  } else if (file != nullptr) {
    if (auto report = lint::lint(*file, options, session.diagnostics())) return report;
  }
  status = kBadInput;
  return std::nullopt;
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

// --ceiling and --closure, as policies.
bool read_bound(Session& session, std::string_view option, const format::ReadOptions& reading,
                std::optional<review::Bound>& out) {
  const auto name = session.arguments().last(option);
  if (!name) return true;
  int status = kYes;
  const auto subject = load(session, std::string(*name), reading, status);
  if (!subject) return false;
  auto policy = subject->as_policy();
  if (!policy) {
    session.fail(policy.error());
    return false;
  }
  out = review::Bound{std::string(*name), std::move(*policy)};
  return true;
}

// What a program needs depends on the grant where the file is a closure, so that is kept.
bool read_need(Session& session, const format::ReadOptions& reading, std::optional<review::Need>& out) {
  std::optional<review::Bound> bound;
  if (!read_bound(session, "closure", reading, bound)) return false;
  if (!bound) return true;
  const std::string path = file_of(bound->name);
  out = review::Need{std::move(*bound), {}, {}};
  if (path == "unconfined" || is_process(path) || format::find_builtin(path) != nullptr ||
      format::find_shipped(path) != nullptr)
    return true;
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr || !closure::looks_like_closure(file->text())) return file != nullptr;
  out->closure = closure::read(*file, session.diagnostics());
  if (out->name.size() > path.size()) out->phase = closure::find_phase(out->name.substr(path.size() + 1));
  return out->closure.has_value();
}

// What the operands are held against and what surrounds them.
struct Setting {
  lint::Options options;
  review::Options review;
  container::World world;
};

void hold_against_bounds(Session& session, const std::string& name, const Setting& setting, lint::Report& report) {
  if (!setting.review.ceiling && !setting.review.closure) return;
  int failure = kYes;
  if (const auto subject = load(session, name, setting.options.reading, failure))
    if (const auto policy = subject->as_policy())
      review::hold_against_bounds(*policy, setting.review, setting.options.reading.native, report);
}

int lint_profiles(Session& session, const std::vector<std::string>& names, const Setting& setting,
                  std::vector<lint::Report>& reports) {
  int status = kYes;
  for (const std::string& name : names) {
    const policy::EffortLimit limit(
        policy::kPatience);  // for each: one that is too hard is told, the others are looked at
    try {
      auto report = report_of(session, name, setting.options, status);
      if (!report) continue;
      hold_against_bounds(session, name, setting, *report);
      reports.push_back(std::move(*report));
    } catch (const policy::TooHard&) {
      status = session.too_hard(name);
    }
  }
  return status;
}

struct Operands {
  std::vector<std::string> profiles, manifests;
  int status = kYes;  // kBadInput: one cannot be read
};
Operands sort_operands(Session& session, Setting& setting) {
  Operands out;
  for (const std::string& name : session.arguments().operands) {
    const LintInput kind = lint_input(session, name, setting.world);
    if (kind == LintInput::unreadable) {
      out.status = kBadInput;
      continue;
    }
    const bool skipped = kind == LintInput::unknown || kind == LintInput::a_template;
    if (skipped && session.arguments().has("skip-unknown")) continue;
    const bool manifest = kind == LintInput::manifest || kind == LintInput::a_template;
    (manifest ? out.manifests : out.profiles).push_back(name);
  }
  return out;
}

// A profile's text, mended; a status other than kYes where it cannot be.
int mend_profile(Session& session, const std::string& name, const lint::Options& options,
                 std::vector<review::MendedFile>& out) {
  if (is_process(name) || format::find_builtin(name) != nullptr)
    return session.usage(kBadOperands, fmt::format("'{}' cannot be written", name), "give a file");
  const base::SourceFile* const file = session.open(name);
  if (file == nullptr) return kBadInput;
  if (looks_like_filter(*file) || convert::sniff(file->text()) != nullptr)
    return session.usage(kBadOperands,
                         fmt::format("'{}' cannot be mended: it is no profile of OCI's or Docker's form", name),
                         "'callgate convert' makes one of it");
  lint::Mended mended = lint::mend(*file, options);
  if (mended.text != file->text())
    out.push_back({file->name(), std::string(file->text()), std::move(mended.text), std::move(mended.fixes)});
  return kYes;
}

// What --fix would change, or changes. Nothing is printed of a file that needs no mending.
int mend(Session& session, Setting& setting, bool write) {
  const Operands operands = sort_operands(session, setting);
  if (operands.status != kYes) return operands.status;
  std::vector<review::MendedFile> mended;
  for (const std::string& name : session.arguments().operands)
    if (write && name == "-") return session.usage(kBadOperands, "'-' cannot be written", "give a file");
  for (const std::string& name : operands.profiles)
    if (const int status = mend_profile(session, name, setting.options, mended); status != kYes) return status;
  if (!operands.manifests.empty()) {
    auto found = review::mend_paths(operands.manifests, setting.review, setting.world, session.diagnostics());
    if (!found) return kBadInput;
    std::ranges::move(found->files, std::back_inserter(mended));
  }
  for (const review::MendedFile& each : mended) {
    if (!write) {
      session.print(lint::unified_diff(each.name, each.before, each.after));
      continue;
    }
    if (auto written = base::write_file(each.name, each.after); !written) return session.fail(written.error());
    for (const std::string& fix : each.fixes) session.env().err(fmt::format("{}: mended {}\n", each.name, fix));
  }
  return kYes;
}

int lint_operands(Session& session, Setting& setting, std::vector<lint::Report>& reports) {
  const Operands operands = sort_operands(session, setting);
  const int read = lint_profiles(session, operands.profiles, setting, reports);
  const int status = read == kYes ? operands.status : read;
  if (operands.manifests.empty()) return status;
  auto found = review::judge_paths(operands.manifests, setting.review, setting.world, session.diagnostics());
  std::ranges::move(found.reports, std::back_inserter(reports));
  return found.all_read ? status : kBadInput;
}

int judge(Session& session, const std::vector<lint::Report>& reports, int status) {
  const auto fail_on = lint::find_level(session.arguments().last("fail-on").value_or("warning"));
  for (const lint::Report& report : reports) {
    if (status == kYes && fail_on && report.count(*fail_on) > 0) status = kNo;
    for (const std::string& defect : report.defects) {
      session.diagnostics().add(kInternal, {}, fmt::format("a witness does not hold: {}", defect),
                                "this is a defect of callgate");
      status = kOwnDefect;
    }
  }
  return print(session, reports) ? status : kBadInput;
}

int lint_command(Session& session) {
  const Arguments& given = session.arguments();
  if (given.has("rules")) return list_rules(session);
  if (given.operands.empty())
    return session.usage(kBadOperands, "'lint' needs FILE: a profile or a manifest",
                         "callgate lint --rules lists the rules");
  const auto reading = read_options(session);
  if (!reading) return kUsage;
  const auto around = surroundings(session);
  if (!around) return kUsage;
  std::error_code failure;
  const std::filesystem::path here = std::filesystem::current_path(failure);
  if (failure)
    return session.fail(
        {base::ErrorCode::io, "cannot tell the working directory: " + failure.message(), failure.value()});
  const auto files = std::make_shared<manifest::Files>(here.string(), session.env().stdin_fd);
  session.keep_alive(files);
  manifest::Filters filters(machine(*reading));
  Setting setting{{*reading, given.has("as")},
                  {*around, {}, {}},
                  {.files = *files, .filters = filters, .environment = session.env().environment}};
  if (const int status = set_engines(session, setting.world); status != kYes) return status;
  if (!read_bound(session, "ceiling", *reading, setting.review.ceiling) ||
      !read_need(session, *reading, setting.review.closure))
    return kBadInput;
  std::vector<lint::Report> reports;
  if (resolve::is_command(given.operands)) {
    if (given.has("diff") || given.has("fix"))
      return session.usage(kBadOperands, "a command line cannot be mended", "give the file that holds it");
    auto found = review::review_command(given.operands, setting.review, setting.world, session.diagnostics());
    return found ? judge(session, *found, kYes) : kBadInput;
  }
  if (given.has("diff")) return mend(session, setting, false);
  if (given.has("fix"))
    if (const int mended = mend(session, setting, true); mended != kYes) return mended;
  const int status = lint_operands(session, setting, reports);
  return judge(session, reports, status);
}

constexpr std::array<Operand, 1> kOperands{
    {{"FILE",
      "a profile of any format, or a filter: a path, '-', docker-default, podman-default, or pid:N for a live process; "
      "a manifest: Kubernetes objects, a Compose file or its project's directory, a script or CI file that holds "
      "command lines, the output of `docker inspect`; or, behind '--', a command line of docker, podman or nerdctl",
      false, true}}};
constexpr auto kOptions =
    std::array<Option, 10>{{
        {"fail-on", 0, "LEVEL",
         "end with status 1 if there is a finding of this level or a graver one (warning if not "
         "given)",
         "error,warning,note,never"},
        {"fix", 0, "", "mend in the files what can be mended for certain, then report what is left", ""},
        {"diff", 0, "", "print what --fix would change, and change nothing", ""},
        {"ceiling", 0, "PROFILE", "nothing may be granted that this profile does not grant", ""},
        {"closure", 0, "FILE",
         "all that this closure (FILE#serving: a phase of it) needs, or that this profile grants, must be granted", ""},
        {"skip-unknown", 0, "",
         "pass over files that are neither a profile nor a manifest: for hooks that name them all", ""},
        {"project-directory", 0, "DIR", "where a Compose project's paths start (its first file's directory)", ""},
        {"env-file", 0, "FILE", "variables for the Compose project, instead of its .env; may be repeated", "", true},
        {"rules", 0, "", "list the rules", ""},
        {"format", 0, "FORMAT", "print findings as text, json, sarif (2.1.0) or github (annotations)",
         "text,json,sarif,github"},
    }} +
    kReading + kClusterOptions + kEngineOptions + kOutput;
constexpr std::array<Example, 8> kExamples{{
    {"callgate lint profile.json", "What is wrong with a profile, and what it really is.", 1},
    {"callgate lint docker-default --fail-on error", "Docker's own default has no graver finding than warnings."},
    {"callgate lint profile.json --format sarif --fail-on never -o lint.sarif", "For code scanning."},
    {"callgate lint profile.json --diff", "What --fix would change."},
    {"callgate lint pod.yaml", "What in a manifest does not do as it seems."},
    {"callgate lint pod.yaml --seccomp-root node --ceiling docker-default", "Nothing beyond Docker's default.", 1},
    {"callgate lint -- docker run --security-opt seccomp=unconfined alpine", "The same of a command line.", 1},
    {"callgate lint --rules", "Every rule; docs/lint/ has a page on each."},
}};

}  // namespace

extern const Command kLintCommand{
    "lint",
    "find faults in profiles and manifests, each with a call that shows it",
    "Reads each file as one engine does (--as, else docker, else the first that takes it) and beside that as all the "
    "others do, and reports what is wrong: rules without effect, ways around a rule, dangerous calls within reach, "
    "programs that cannot start, engines that disagree. The first lines say what the profile really is; the last ones "
    "how far it is from Docker's default, with the reasons.\n\n"
    "Of a manifest it reports what does not do as it seems: profiles that are dropped, turned off, missing or set "
    "aside, and filters beyond --ceiling or short of --closure. `callgate resolve` tells the steps.\n\n"
    "A finding is suppressed in the file, for all of it by a member \"x-callgate-ignore\": [\"RULE reason\"], for a "
    "rule by the same member or by its comment \"callgate:ignore RULE reason\"; no engine looks there. In a manifest "
    "the comment \"# callgate:ignore RULE reason\" holds for its line, or for the next one if it has a line to itself.",
    kOperands,
    kOptions,
    kExamples,
    "0 nothing found at or above --fail-on; 1 something found; 3 a file cannot be read at all",
    false,
    lint_command};

}  // namespace callgate::cli
