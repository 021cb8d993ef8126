// callgate test: expectations about profiles, held against what they mean.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/pair.h"
#include "expect/diagnostic_ids.h"
#include "expect/expect.h"
#include "format/shipped.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

// What a word of the file must be one of.
bool wrong(Session& session, const expect::Setting& setting, std::string_view what) {
  session.diagnostics().add(expect::kBadTest, setting.span,
                            fmt::format("'{}' is no {}", base::printable(setting.text), what));
  return false;
}

bool read_settings(Session& session, const expect::Test& test, format::ReadOptions& options) {
  if (test.as) {
    const auto engine = format::find_engine(test.as->text);
    if (!engine) return wrong(session, *test.as, "engine");
    options.as = *engine;
  }
  if (test.kernel) {
    const auto version = arch::parse_kernel_version(test.kernel->text);
    if (!version) return wrong(session, *test.kernel, "kernel version");
    options.kernel = *version;
  }
  for (const expect::Setting& each : test.archs) {
    const auto found = arch::find(each.text);
    if (!found) return wrong(session, each, "architecture");
    options.architectures.push_back(*found);
  }
  if (!test.caps) return true;
  options.capabilities.clear();
  for (const expect::Setting& each : *test.caps) {
    if (each.text == "none") continue;
    if (each.text == "default") {
      const auto all = format::default_capabilities();
      options.capabilities.insert(options.capabilities.end(), all.begin(), all.end());
      continue;
    }
    if (!syntax::is_capability(each.text)) return wrong(session, each, "capability");
    options.capabilities.push_back(each.text);
  }
  return true;
}

// A path of a test is meant from where the test lies.
std::string resolve(const std::string& file, const std::string& name) {
  const bool known = format::find_builtin(name) != nullptr || name == "unconfined" || is_process(name) ||
                     format::find_shipped(name) != nullptr;
  const std::size_t slash = file.rfind('/');
  return known || name.starts_with('/') || slash == std::string::npos ? name : file.substr(0, slash + 1) + name;
}

std::optional<policy::Policy> policy_of(Session& session, const std::string& file, const expect::Setting& name,
                                        const format::ReadOptions& options) {
  int status = kYes;
  const auto subject = load(session, resolve(file, name.text), options, status);
  if (!subject) return std::nullopt;
  auto policy = subject->as_policy();
  if (policy) return std::move(*policy);
  session.diagnostics().add(expect::kBadTest, name.span, policy.error().message);
  return std::nullopt;
}

struct Tally {
  std::string file;
  std::vector<expect::Test> tests;
  std::vector<std::vector<expect::Result>> results;  // by test
};

// False if the file is wrong.
bool run_file(Session& session, Tally& tally, base::Diagnostics& failures) {
  const base::SourceFile* const file = session.open(tally.file);
  if (file == nullptr) return false;
  auto tests = expect::read_tests(*file, session.diagnostics());
  if (!tests) return false;
  tally.tests = std::move(*tests);
  bool good = true;
  for (const expect::Test& test : tally.tests) {
    format::ReadOptions options;
    if (!read_settings(session, test, options)) return false;
    const auto policy = policy_of(session, tally.file, test.profile, options);
    if (!policy) return false;
    std::vector<arch::Arch> archs = options.architectures;
    if (archs.empty()) archs.push_back(options.native);
    const auto other = [&](const expect::Expectation& each) {
      return policy_of(session, tally.file, {each.subject, each.span}, options);
    };
    tally.results.push_back(expect::run(test, *policy, archs, other, failures, session.diagnostics()));
    good = good && tally.results.back().size() == test.expectations.size();
  }
  return good;
}

std::string position(const expect::Result& result) {
  const base::Span& span = result.expectation->span;
  const base::Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}", span.file->name(), at.line, at.column_chars);
}

std::string tap(const std::vector<Tally>& all) {
  std::string out;
  std::size_t number = 0;
  for (const Tally& tally : all)
    for (std::size_t i = 0; i < tally.results.size(); ++i)
      for (const expect::Result& result : tally.results[i]) {
        fmt::format_to(std::back_inserter(out), "{}ok {} - {}: {}\n", result.holds ? "" : "not ", ++number,
                       tally.tests[i].profile.text, result.expectation->text);
        if (!result.holds) fmt::format_to(std::back_inserter(out), "# {}: {}\n", position(result), result.message);
      }
  return fmt::format("TAP version 13\n1..{}\n{}", number, out);
}

void print_json(Session& session, const std::vector<Tally>& all) {
  auto json = session.begin_json();
  json.key("results").begin_array();
  for (const Tally& tally : all)
    for (std::size_t i = 0; i < tally.results.size(); ++i)
      for (const expect::Result& result : tally.results[i]) {
        const base::Span& span = result.expectation->span;
        const base::Position at = span.file->position(span.begin);
        json.begin_object().member("file", tally.file).member("line", at.line).member("column", at.column_chars);
        json.member("profile", tally.tests[i].profile.text).member("expectation", result.expectation->text);
        json.member("holds", result.holds).member("message", result.message).key("witness");
        if (!result.witness) {
          json.null().end_object();
          continue;
        }
        const policy::Call& call = *result.witness;
        json.begin_object().member("arch", syntax::describe_arch(call.audit, call.nr)).member("nr", call.nr);
        json.member("text", syntax::describe_call(call)).key("args").begin_array();
        for (const std::uint64_t argument : call.args) json.value(argument);
        json.end_array().end_object().end_object();
      }
  json.end_array();
  session.print(json);
}

int test_command(Session& session) {
  std::vector<Tally> all;
  for (const std::string& file : session.arguments().operands) all.push_back({file, {}, {}});
  bool good = true;
  base::Diagnostics failures;  // apart: to load a profile is to look for errors
  for (Tally& tally : all) good = run_file(session, tally, failures) && good;
  session.diagnostics().append(failures);
  if (!good) return kBadInput;
  std::size_t count = 0, held = 0;
  std::string text;
  for (const Tally& tally : all) {
    std::size_t of_file = 0, held_of_file = 0;
    for (const auto& results : tally.results)
      for (const expect::Result& result : results) {
        ++of_file;
        held_of_file += result.holds ? 1 : 0;
      }
    fmt::format_to(std::back_inserter(text), "{}: {} of {} hold\n", tally.file, held_of_file, of_file);
    count += of_file;
    held += held_of_file;
  }
  const auto format = session.arguments().last("format").value_or("text");
  if (format == "json")
    print_json(session, all);
  else
    session.print(format == "tap" ? tap(all) : text);
  return held == count ? kYes : kNo;
}

constexpr std::array<Operand, 1> kOperands{{{"FILE", "expectations in YAML", true, true}}};
constexpr std::array<Option, 1> kOptions{
    {{"format", 0, "FORMAT", "print results as text, json or TAP; failures as text go to standard error",
      "text,json,tap"}}};
constexpr std::array<Example, 2> kExamples{{
    {"callgate test profile-test.yaml", "Does the profile still answer as it must?"},
    {"callgate test profile-test.yaml --format tap", "The same for a harness that reads the Test Anything Protocol."},
}};

}  // namespace

const Command kTestCommand{
    "test",
    "hold profiles against expectations written beside them",
    "FILE names a profile and what is expected of it: `allow: openat O_RDONLY`, `deny ERRNO(1): socket AF_ALG`, `deny: "
    "mount`, `subset-of: docker-default`, `equal: other.json`. An expectation about a call holds if it does for every "
    "value of the arguments that it does not name; one that fails is shown with its place in FILE and a call on which "
    "it "
    "does. `as`, `caps`, `kernel` and `arch` say how the profile is read, paths are meant from where FILE lies, and "
    "several documents of a file are several tests.",
    kOperands,
    kOptions,
    kExamples,
    "0 all hold; 1 some do not",
    false,
    test_command};

}  // namespace callgate::cli
