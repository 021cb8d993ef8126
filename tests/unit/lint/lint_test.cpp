// What the pages under docs/lint/ do not show (they are run by golden.lint_pages): reports as values, suppressions,
// fixes, and the shape of SARIF.
// SPDX-License-Identifier: Apache-2.0
#include "lint/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arch/calls.h"
#include "base/io.h"
#include "lint/fix.h"
#include "lint/print.h"
#include "text/node.h"

namespace callgate::lint {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Options options_for(format::Engine engine = format::Engine::docker, bool given = false) {
  Options options;
  options.reading.as = engine;
  options.reading.native = arch::Arch::x86_64;
  options.engine_given = given;
  return options;
}

Report report_of(const base::SourceFile& file, const Options& options = options_for()) {
  base::Diagnostics diagnostics;
  auto report = lint(file, options, diagnostics);
  EXPECT_TRUE(report) << base::render_text(diagnostics, false);
  return report ? std::move(*report) : Report{};
}

std::vector<std::string> rules_of(const Report& report, bool suppressed = false) {
  std::vector<std::string> out;
  for (const Finding& each : report.findings)
    if (each.suppressed == suppressed) out.emplace_back(each.rule->id);
  return out;
}

std::string profile(std::string_view rules, std::string_view more = "") {
  return std::string(R"({"defaultAction": "SCMP_ACT_ERRNO", )") + std::string(more) + R"("syscalls": [)" +
         std::string(rules) + "]}";
}

std::string allow(std::string_view names, std::string_view more = "") {
  return R"({"names": [)" + std::string(names) + R"(], "action": "SCMP_ACT_ALLOW")" + std::string(more) + "}";
}

TEST(Rules, AreSortedAndUnique) {
  const auto all = rules();
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].id, all[i].id);
  for (const Rule& rule : all) {
    EXPECT_EQ(find_rule(rule.id), &rule);
    EXPECT_FALSE(rule.title.empty() || rule.why.empty()) << rule.id;
  }
  EXPECT_EQ(find_rule("reach-nothing"), nullptr);
  EXPECT_EQ(closest_rule("reach-mounts"), "reach-mount");
}

TEST(Report, GravestFirstAndCounted) {
  const base::SourceFile file("p.json", profile(allow(R"("reboot", "mount", "ptrace")")));
  const Report report = report_of(file);
  for (std::size_t i = 1; i < report.findings.size(); ++i)
    EXPECT_GE(report.findings[i - 1].rule->level, report.findings[i].rule->level);
  EXPECT_GE(report.count(Level::note), report.count(Level::warning));
  EXPECT_GE(report.count(Level::error), 2U);  // reboot, and nothing starts
  EXPECT_THAT(report.defects, IsEmpty());
}

TEST(Report, WitnessIsWhatTheOracleSays) {
  const base::SourceFile file("p.json", profile(allow(R"("reboot")")));
  const Report report = report_of(file);
  base::Diagnostics ignored;
  const auto read = format::read_profile(file, options_for().reading, ignored);
  ASSERT_TRUE(read);
  bool seen = false;
  for (const Finding& each : report.findings) {
    if (each.rule->id != "reach-reboot") continue;
    ASSERT_TRUE(each.witness);
    EXPECT_EQ(each.witness->answer.call.nr, 169U);
    EXPECT_EQ(policy::evaluate(read->policy, each.witness->answer.call), policy::kAllow);
    EXPECT_EQ(each.span.text(), "\"reboot\"");
    seen = true;
  }
  EXPECT_TRUE(seen);
}

TEST(Report, SmallerProfilesScoreLessAndReasonsAddUp) {
  const base::SourceFile all("all.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})");
  const base::SourceFile one("one.json", profile(allow(R"("read")")));
  const Report open = report_of(all), closed = report_of(one);
  ASSERT_TRUE(open.score && closed.score);
  EXPECT_GT(open.score->points, 0);
  EXPECT_LT(closed.score->points, 0);
  for (const Score* score : {&*open.score, &*closed.score}) {
    int sum = 0;
    for (const Reason& reason : score->reasons) sum += reason.points;
    EXPECT_EQ(sum, score->points);
  }
}

TEST(Report, DockersDefaultIsTheMeasure) {
  const auto report = lint_builtin("docker-default", options_for());
  ASSERT_TRUE(report && report->score);
  EXPECT_EQ(report->score->points, 0);
  EXPECT_THAT(report->score->reasons, IsEmpty());
  EXPECT_EQ(report->count(Level::error), 0U);
  EXPECT_THAT(rules_of(*report), Contains("bypass-high-bits"));  // socket, above AF_VSOCK
  EXPECT_FALSE(lint_builtin("alpine-default", options_for()));
}

TEST(Report, AnotherEngineReadsWhatDockerRefuses) {
  const base::SourceFile file("p.json", profile(allow(R"("read")"), R"("architectures": ["SCMP_ARCH_NATIVE"], )"));
  EXPECT_THAT(rules_of(report_of(file)), Contains("refused"));
  const base::SourceFile crun("p.json", profile(allow(R"("read")"), R"("architectures": ["SCMP_ARCH_PARISC"], )"));
  EXPECT_THAT(rules_of(report_of(crun)), Contains("refused"));  // of the other byte order everywhere
  const base::SourceFile mixed(
      "p.json", profile(R"({"names": ["kill"], "action": "SCMP_ACT_NOTIFY"})", R"("listenerPath": "/run/a", )"));
  EXPECT_THAT(rules_of(report_of(mixed)), Not(Contains("refused")));
  const base::SourceFile crun_only(
      "p.json", profile(R"({"names": ["write"], "action": "SCMP_ACT_NOTIFY"})", R"("listenerPath": "/run/a", )"));
  const Report fallen = report_of(crun_only);
  EXPECT_THAT(rules_of(fallen), Contains("refused-elsewhere"));
  EXPECT_THAT(rules_of(fallen), Not(Contains("refused")));
  EXPECT_THAT(rules_of(report_of(crun_only, options_for(format::Engine::docker, true))), Contains("refused"));
}

TEST(Report, TextThatIsNoProfileIsDiagnosed) {
  base::Diagnostics diagnostics;
  const base::SourceFile file("p.json", "{\"defaultAction\": ");
  EXPECT_FALSE(lint(file, options_for(), diagnostics));
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Suppressions, OfTheProfileAndOfARule) {
  const base::SourceFile file(
      "p.json",
      profile(allow(R"("reboot")", R"(, "comment": "old\ncallgate:ignore reach-reboot it is a reboot helper")") + "," +
                  allow(R"("mount")", R"(, "x-callgate-ignore": "reach-mount mounts its own")") + "," +
                  allow(R"("umount2")"),
              R"("x-callgate-ignore": ["startup-any: started elsewhere"], )"));
  const Report report = report_of(file);
  EXPECT_THAT(rules_of(report, true), testing::UnorderedElementsAre("reach-reboot", "reach-mount", "startup-any"));
  EXPECT_THAT(rules_of(report), Not(Contains("unknown-key")));
  for (const Finding& each : report.findings)
    if (each.rule->id == "reach-reboot") {
      EXPECT_EQ(each.reason, "it is a reboot helper");
    }
}

TEST(Suppressions, WrongOnesAreFindings) {
  const base::SourceFile file("p.json", profile(allow(R"("read")"), R"("x-callgate-ignore": ["reach-mont x",
      "startup-any", "reach-kexec nothing here", 7], )"));
  const auto found = rules_of(report_of(file));
  EXPECT_EQ(std::count(found.begin(), found.end(), "bad-suppression"), 3);
  EXPECT_EQ(std::count(found.begin(), found.end(), "unused-suppression"), 1);
  EXPECT_THAT(found, Contains("startup-any"));
}

TEST(Suppressions, NoReaderSaysAWord) {
  const base::SourceFile file(
      "p.json", profile(allow(R"("read")", R"(, "x-callgate-ignore": [])"), R"("x-callgate-ignore": [], )"));
  for (const format::Engine engine : {format::Engine::docker, format::Engine::podman, format::Engine::containerd,
                                      format::Engine::runc, format::Engine::crun, format::Engine::oci}) {
    base::Diagnostics diagnostics;
    EXPECT_TRUE(format::read_profile(file, options_for(engine).reading, diagnostics));
    EXPECT_THAT(diagnostics.items(), IsEmpty()) << base::render_text(diagnostics, false);
  }
}

TEST(Fixes, MendWithoutGrantingMore) {
  const base::SourceFile file("p.json", R"({
  "DefaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [
    {"name": "read", "action": "SCMP_ACT_ALLOW"},
    {"names": ["clone", "Write ", "write", "mseal", "write"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["mount"], "action": "SCMP_ACT_KILL"}
  ]
}
)");
  const Mended mended = mend(file, options_for());
  const base::SourceFile after("p.json", mended.text);
  const auto left = rules_of(report_of(after));
  for (const std::string_view rule :
       {"legacy-name", "key-case", "duplicate-call", "obsolete-action", "enosys-expected", "unknown-call"})
    EXPECT_THAT(left, Not(Contains(rule))) << mended.text;
  EXPECT_THAT(mended.text, HasSubstr(R"({"names": ["read"], "action")"));
  EXPECT_THAT(mended.text, HasSubstr("SCMP_ACT_KILL_THREAD"));
  EXPECT_THAT(mended.text, HasSubstr(R"("errnoRet": 38})"));
  EXPECT_EQ(mend(after, options_for()).text, mended.text);
}

TEST(Fixes, ThatWouldGrantMoreAreNotMade) {
  // As Docker reads it 'Write ' is unknown and write denied: writing it right would allow it.
  const base::SourceFile file("p.json", profile(allow(R"("read", "Write ")")));
  EXPECT_EQ(mend(file, options_for()).text, file.text());
}

TEST(Fixes, UnifiedDiff) {
  EXPECT_EQ(unified_diff("f", "a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(unified_diff("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_THAT(unified_diff("f", "a\n", "a\nb\n"), HasSubstr("+b"));
}

text::Node at(text::Node node, std::string_view key) {
  EXPECT_TRUE(node && node.is_object() && node.find(key)) << key;
  return node.find(key);
}

// What the schema of SARIF 2.1.0 demands of the parts that are written.
TEST(Sarif, HasTheShapeOfTheStandard) {
  const base::SourceFile file("a b.json",
                              profile(allow(R"("reboot")") + R"(, {"name": "read", "action": "SCMP_ACT_ALLOW"})",
                                      R"("x-callgate-ignore": ["startup-any started elsewhere"], )"));
  const std::vector<Report> reports{report_of(file)};
  const base::SourceFile log("log.sarif", to_sarif(reports, "1.2.3"));
  base::Diagnostics diagnostics;
  const auto document = text::read_json(log, diagnostics);
  ASSERT_TRUE(document) << base::render_text(diagnostics, false);
  EXPECT_EQ(at(document->root(), "version").text(), "2.1.0");
  const text::Node run = *at(document->root(), "runs").begin();
  const text::Node driver = at(at(run, "tool"), "driver");
  EXPECT_EQ(at(driver, "name").text(), "callgate");
  std::vector<std::string> rules;
  for (const text::Node rule : at(driver, "rules")) rules.emplace_back(at(rule, "id").text());
  const text::Node results = at(run, "results");
  EXPECT_EQ(results.size(), reports[0].findings.size());
  std::size_t suppressed = 0, fixes = 0;
  for (const text::Node result : results) {
    EXPECT_EQ(rules.at(*at(result, "ruleIndex").as_u64()), at(result, "ruleId").text());
    EXPECT_THAT(std::string(at(result, "level").text()), testing::AnyOf("error", "warning", "note"));
    EXPECT_FALSE(at(at(result, "message"), "text").text().empty());
    const text::Node place = at(*at(result, "locations").begin(), "physicalLocation");
    EXPECT_EQ(at(at(place, "artifactLocation"), "uri").text(), "a%20b.json");
    if (const text::Node region = place.find("region")) {
      EXPECT_GE(at(region, "startLine").as_u64(), 1U);
      EXPECT_GE(at(region, "startColumn").as_u64(), 1U);
    }
    if (const text::Node list = result.find("suppressions")) {
      EXPECT_EQ(at(*list.begin(), "kind").text(), "inSource");
      ++suppressed;
    }
    if (const text::Node list = result.find("fixes")) {
      const text::Node change = *at(*list.begin(), "artifactChanges").begin();
      EXPECT_TRUE(at(*at(change, "replacements").begin(), "deletedRegion"));
      ++fixes;
    }
  }
  EXPECT_EQ(suppressed, 1U);
  EXPECT_EQ(fixes, 1U);
}

TEST(Github, EscapesWhatACommandMayNotHold) {
  const base::SourceFile file("a,b:c%.json", profile(allow(R"("reboot")")));
  const std::vector<Report> reports{report_of(file)};
  const std::string out = to_github(reports);
  EXPECT_THAT(out, HasSubstr("::error file=a%2Cb%3Ac%25.json,line=1,endLine=1,col="));
  EXPECT_THAT(out, HasSubstr("title=reach-reboot::reboot is allowed"));
}

}  // namespace
}  // namespace callgate::lint
