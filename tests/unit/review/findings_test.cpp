// Findings gathered by file: told once, with those that they hold for, suppressed by their lines, printed.
// SPDX-License-Identifier: Apache-2.0
#include "review/findings.h"

#include <gtest/gtest.h>

#include "base/json_write.h"
#include "lint/print.h"
#include "text/node.h"
#include "unit/review/case_folder.h"

namespace callgate::review {
namespace {

const std::string kTwo = "  - name: b\n    image: i\n";
const std::string kOpen = "  securityContext:\n    seccompProfile:\n      type: Unconfined\n";

TEST(Findings, APodsFaultIsToldOnceAndNamesItsContainers) {
  CaseFolder folder;
  folder.write("a.yaml", pod(kOpen) + kTwo);
  folder.review({"a.yaml"});
  const lint::Finding* const found = folder.only("unconfined");
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(found->notes.size(), 2U);
  EXPECT_EQ(found->notes[0].message, "holds for container 'a' of Pod/p");
  EXPECT_EQ(found->notes[1].message, "holds for container 'b' of Pod/p");
}

TEST(Findings, OfManyContainersSomeAreNamed) {
  CaseFolder folder;
  std::string text = pod(kOpen);
  for (char name = 'b'; name < 'l'; ++name) text += std::string("  - name: ") + name + "\n    image: i\n";
  folder.write("a.yaml", text);
  folder.review({"a.yaml"});
  ASSERT_NE(folder.only("unconfined"), nullptr);
  ASSERT_EQ(folder.only("unconfined")->notes.size(), 9U);
  EXPECT_EQ(folder.only("unconfined")->notes.back().message, "and for 3 containers more");
}

TEST(Findings, TwoServicesAreTwoFindings) {
  CaseFolder folder;
  folder.write("compose.yaml",
               "services:\n  a:\n    image: i\n    security_opt: ['seccomp=unconfined']\n"
               "  b:\n    image: i\n    security_opt: ['seccomp=unconfined']\n");
  folder.review({"compose.yaml"});
  EXPECT_EQ(folder.of("unconfined").size(), 2U);
}

TEST(Findings, AFileIsOneHoweverItIsCalled) {
  CaseFolder folder;
  folder.write("compose.yaml", service(""));
  for (const std::string& name : {std::string("./compose.yaml"), folder.path("compose.yaml")}) {
    const auto& reports = folder.review({name});
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name, name);
    EXPECT_EQ(reports[0].summary.size(), 1U);
  }
}

TEST(Findings, AFileWithoutFaultsHasAReport) {
  CaseFolder folder;
  folder.write("a.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n");
  const auto& reports = folder.review({"a.yaml"});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_TRUE(reports[0].findings.empty());
  EXPECT_TRUE(reports[0].summary.empty());
}

TEST(Findings, AreSuppressedByTheirLine) {
  CaseFolder folder;
  const auto with = [](const std::string& above, const std::string& behind) {
    return pod("  securityContext:\n" + above + "    seccompProfile:" + behind + "\n      type: Unconfined\n");
  };
  const std::string mark = "# callgate:ignore unconfined a debugger";
  for (const std::string& text :
       {with("    " + mark + "\n", ""), with("", "  " + mark), with("    " + mark + "\n    # as agreed\n", "")}) {
    folder.write("a.yaml", text);
    folder.review({"a.yaml"});
    ASSERT_NE(folder.only("unconfined"), nullptr);
    EXPECT_TRUE(folder.only("unconfined")->suppressed) << text;
    EXPECT_EQ(folder.only("unconfined")->reason, "a debugger");
    EXPECT_TRUE(folder.of("unused-suppression").empty());
  }
  // One line further up it is about something else.
  folder.write("a.yaml", mark + "\n" + with("", ""));
  folder.review({"a.yaml"});
  EXPECT_FALSE(folder.only("unconfined")->suppressed);
  EXPECT_EQ(folder.of("unused-suppression").size(), 1U);
  folder.write("a.yaml", with("    # callgate:ignore unconfined\n", ""));
  folder.review({"a.yaml"});
  EXPECT_FALSE(folder.only("unconfined")->suppressed);
  EXPECT_EQ(folder.of("bad-suppression").size(), 1U);
}

TEST(Findings, OfACommandLine) {
  CaseFolder folder;
  const auto& reports = folder.review_words({"docker", "run", "--security-opt", "seccomp=unconfined", "alpine"});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].name, "command line");
  ASSERT_NE(folder.only("unconfined"), nullptr);
  EXPECT_EQ(folder.only("unconfined")->span.text(), "seccomp=unconfined");
}

// Whatever prints it: rule, file, place, containers and edits are there.
TEST(Findings, ArePrintedInEveryFormat) {
  CaseFolder folder;
  folder.write("a.yaml", pod("  securityContext:\n    seccompProfile:\n      type: runtimedefault\n"));
  const auto& reports = folder.review({"a.yaml"});
  EXPECT_TRUE(lint::to_text(reports[0], false).find("a.yaml:8:13: error: ") != std::string::npos);
  EXPECT_TRUE(lint::to_github(reports).starts_with("::error file=a.yaml,line=8,endLine=8,col=13,endColumn=27,"));
  const auto parsed = [](const std::string& text, const auto& look) {
    std::string padded = text;
    padded.reserve(text.size() + 64);
    const base::SourceFile file("out.json", std::move(padded));
    base::Diagnostics ignored;
    const auto document = text::read_json(file, ignored);
    ASSERT_TRUE(document);
    look(document->root());
  };
  base::JsonWriter json;
  json.begin_object();
  lint::to_json(reports, json);
  json.end_object();
  parsed(json.take(), [](text::Node root) {
    const text::Node finding = *root.find("findings").begin();
    EXPECT_EQ(finding.find("rule").text(), "value-case");
    EXPECT_EQ(finding.find("line").as_u64(), 8U);
    EXPECT_EQ(finding.find("notes").size(), 2U);
    EXPECT_EQ((*finding.find("fix").find("edits").begin()).find("text").text(), "RuntimeDefault");
  });
  parsed(lint::to_sarif(reports, "1"), [](text::Node root) {
    const text::Node result = *(*root.find("runs").begin()).find("results").begin();
    EXPECT_EQ(result.find("ruleId").text(), "value-case");
    EXPECT_EQ(result.find("level").text(), "error");
    EXPECT_EQ(result.find("fixes").size(), 1U);
  });
}

}  // namespace
}  // namespace callgate::review
