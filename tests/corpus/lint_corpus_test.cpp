// Public profiles, linted under every engine: none crashes, every witness holds, and for each rule the files that
// tests/corpus/lint_cases.txt names break it or do not.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/io.h"
#include "convert/formats.h"
#include "lint/fix.h"
#include "lint/lint.h"
#include "support/corpus.h"

namespace callgate::lint {
namespace {

Options options_for(format::Engine engine, bool given) {
  Options options;
  options.reading.as = engine;
  options.reading.native = arch::Arch::x86_64;
  options.engine_given = given;
  return options;
}

std::optional<Report> report_of(const base::SourceFile& file, const Options& options) {
  base::Diagnostics diagnostics;
  return lint(file, options, diagnostics);
}

TEST(LintCorpus, EveryProfileUnderEveryEngine) {
  CALLGATE_NEED_CORPUS();
  std::size_t reports = 0, witnesses = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder(), ".json")) {
    auto text = base::read_file(path);
    ASSERT_TRUE(text);
    const base::SourceFile file(path, std::move(*text));
    for (const format::Engine engine :
         {format::Engine::docker, format::Engine::podman, format::Engine::containerd, format::Engine::crun}) {
      SCOPED_TRACE(path.string());
      const auto report = report_of(file, options_for(engine, true));
      ASSERT_TRUE(report);
      EXPECT_TRUE(report->defects.empty()) << report->defects.front();
      EXPECT_FALSE(report->summary.empty());
      ++reports;
      for (const Finding& each : report->findings) witnesses += each.witness ? 1U : 0U;
    }
  }
  EXPECT_GT(reports, 200U);
  EXPECT_GT(witnesses, reports);
}

// rule, a file that breaks it, one that does not; '-' where the collection has none.
TEST(LintCorpus, RulesHaveCasesFromRealProfiles) {
  CALLGATE_NEED_CORPUS();
  std::map<std::string, std::set<std::string>> broken;  // by rule
  std::set<std::string> files;
  for (const auto& path : test_support::files_below(test_support::corpus_folder(), ".json")) {
    auto text = base::read_file(path);
    ASSERT_TRUE(text);
    const std::string name = path.lexically_relative(test_support::corpus_folder()).string();
    const auto report = report_of(base::SourceFile(name, std::move(*text)), options_for(format::Engine::docker, false));
    ASSERT_TRUE(report);
    files.insert(name);
    for (const Finding& each : report->findings) broken[std::string(each.rule->id)].insert(name);
  }
  std::ifstream in(CALLGATE_SOURCE_DIR "/tests/corpus/lint_cases.txt");
  std::set<std::string> listed;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string rule, with, without;
    words >> rule >> with >> without;
    listed.insert(rule);
    if (with == "-") {
      EXPECT_TRUE(broken[rule].empty()) << rule << ": " << *broken[rule].begin() << " breaks it";
    } else {
      EXPECT_TRUE(broken[rule].contains(with)) << rule << ": " << with << " does not break it";
    }
    if (without == "-") continue;
    EXPECT_TRUE(files.contains(without)) << without;
    EXPECT_FALSE(broken[rule].contains(without)) << rule << ": " << without << " breaks it";
  }
  for (const Rule& rule : rules()) EXPECT_TRUE(listed.contains(std::string(rule.id))) << rule.id;
}

// A fix ends its finding, grants nothing more, and the file it leaves needs no further one.
TEST(LintCorpus, FixesAreFinal) {
  CALLGATE_NEED_CORPUS();
  std::size_t mended_files = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder(), ".json")) {
    auto text = base::read_file(path);
    ASSERT_TRUE(text);
    const base::SourceFile file(path, std::move(*text));
    const Options options = options_for(format::Engine::docker, false);
    const Mended once = mend(file, options);
    if (once.text == file.text()) continue;
    ++mended_files;
    EXPECT_EQ(mend(base::SourceFile(path, once.text), options).text, once.text) << path;
  }
  EXPECT_GT(mended_files, 5U);
}

// Policies of other tools: looked at by what they mean, every witness holds, and what has a place has it in the text.
TEST(LintCorpus, EveryMinijailAndKafelPolicy) {
  CALLGATE_NEED_CORPUS();
  std::size_t looked_at = 0, placed = 0;
  for (const auto& [folder, format] :
       {std::pair{"minijail", &convert::kMinijail}, std::pair{"kafel", &convert::kKafel}}) {
    for (const auto& path : test_support::files_below(test_support::corpus_folder() / folder, ".policy")) {
      auto text = base::read_file(path.string());
      ASSERT_TRUE(text) << path;
      const base::SourceFile file(path.string(), std::move(*text));
      base::Diagnostics findings;
      convert::ReadContext context;
      context.options.native = arch::Arch::x86_64;
      const auto reading = format->read(file, context, findings);
      if (!reading) continue;  // refused, or not to be read alone: other files are included
      Options options;
      options.reading.native = arch::Arch::x86_64;
      const Report report = lint_profile(file, reading->profile, reading->by_engine, options);
      EXPECT_TRUE(report.defects.empty()) << path << " " << report.defects.front();
      ++looked_at;
      for (const Finding& each : report.findings) {
        EXPECT_NE(each.rule->id, "startup-runc") << path;
        if (each.witness && each.span.file != nullptr) ++placed;
      }
    }
  }
  EXPECT_GT(looked_at, 20U);
  EXPECT_GT(placed, 5U);
}

}  // namespace
}  // namespace callgate::lint
