// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostic.h"

#include <gtest/gtest.h>

namespace callgate::base {
namespace {

constexpr DiagnosticId kWarning{9001, Severity::warning, "a test warning"};
constexpr DiagnosticId kError{9002, Severity::error, "a test error"};

Span span_of(const SourceFile& file, std::string_view part) {
  const auto at = static_cast<std::uint32_t>(file.text().find(part));
  return {&file, at, at + static_cast<std::uint32_t>(part.size())};
}

TEST(SourceFile, LinesAndColumnsCountBytesAndCharacters) {
  const SourceFile file("f", "ab\nä€x\r\n\nend");
  EXPECT_EQ(file.position(0), (Position{1, 1, 1}));
  EXPECT_EQ(file.position(2), (Position{1, 3, 3}));
  EXPECT_EQ(file.position(3), (Position{2, 1, 1}));
  EXPECT_EQ(file.position(8), (Position{2, 6, 3}));
  EXPECT_EQ(file.line_at(8), "ä€x");
  EXPECT_EQ(file.line_at(11), "");
  EXPECT_EQ(file.position(1000), (Position{4, 4, 4}));
  EXPECT_EQ(SourceFile("e", "").position(0), (Position{1, 1, 1}));
  EXPECT_EQ(SourceFile("e", "").line_at(0), "");
}

TEST(SourceFile, APartOfALargerTextKeepsItsLineNumbers) {
  const SourceFile file("f", "ab\ncd", 41);
  EXPECT_EQ(file.position(4), (Position{42, 2, 2}));
  EXPECT_EQ(file.line_at(4), "cd");
}

TEST(Diagnostic, PointsAtTheTextWithACaret) {
  const SourceFile file("web.json", "{\n  \"names\": [\"read\", \"öpnat\", \"close\"],\n}");
  Diagnostics all;
  all.add(kWarning, span_of(file, "\"öpnat\""), "unknown call 'öpnat'", "did you mean 'openat'?")
      .notes.push_back({span_of(file, "\"read\""), "first here"});
  EXPECT_EQ(render_text(all, false),
            "web.json:2:21: warning: unknown call 'öpnat' [CG9001]\n"
            "    2 |   \"names\": [\"read\", \"öpnat\", \"close\"],\n"
            "      |                     ^~~~~~~\n"
            "web.json:2:13: note: first here\n"
            "    2 |   \"names\": [\"read\", \"öpnat\", \"close\"],\n"
            "      |             ^~~~~~\n"
            "      = help: did you mean 'openat'?\n");
  EXPECT_NE(render_text(all, true).find("\033[1;35mwarning"), std::string::npos);
}

TEST(Diagnostic, LongLinesAreCutAroundTheSpanAndControlsNeverReachATerminal) {
  const SourceFile file("long", std::string(5000, 'a') + "\033[31mBAD" + std::string(5000, 'b'));
  const std::string text = [&] {
    Diagnostics all;
    all.add(kError, span_of(file, "BAD"), "bad");
    return render_text(all, false);
  }();
  EXPECT_LT(text.size(), 600U);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  const std::size_t line = text.find("| ") + 2, caret = text.find("| ", line) + 2;
  EXPECT_EQ(text.find("BAD") - line, text.find('^') - caret);
}

TEST(Diagnostic, ASpanOverSeveralLinesUnderlinesTheFirst) {
  const SourceFile file("m", "{\n  \"a\": 1\n}\n");
  Diagnostics all;
  all.add(kError, {&file, 0, 12}, "whole");
  EXPECT_NE(render_text(all, false).find("    1 | {\n      | ^\n"), std::string::npos);
}

TEST(Diagnostics, KeepsFiftyCountsAllAndNeverLosesErrorsToWarnings) {
  Diagnostics all;
  for (int i = 0; i < 60; ++i) all.add(kWarning, {}, "w");
  all.add(kError, {}, "the error");
  EXPECT_EQ(all.items().size(), Diagnostics::kMaxKept);
  EXPECT_EQ(all.items().back().message, "the error");
  EXPECT_EQ(all.warning_count(), 60U);
  EXPECT_EQ(all.error_count(), 1U);
  EXPECT_EQ(all.dropped_count(), 11U);
  EXPECT_NE(render_text(all, false).find("and 11 more"), std::string::npos);
}

TEST(Diagnostics, PromotedWarningsAreErrors) {
  Diagnostics all;
  all.promote_warnings();
  all.add(kWarning, {}, "w");
  EXPECT_TRUE(all.has_errors());
  EXPECT_NE(render_text(all, false).find("error: w [CG9001]"), std::string::npos);
}

TEST(Diagnostics, JsonHasPlacesAndNotes) {
  const SourceFile file("a\"b", "x yy");
  Diagnostics all;
  all.add(kError, {&file, 2, 4}, "m", "h").notes.push_back({{}, "n"});
  const std::string json = render_json(all);
  for (const char* part : {"\"id\": \"CG9002\"", "\"severity\": \"error\"", "\"file\": \"a\\\"b\"", "\"column\": 3",
                           "\"end_column\": 5", "\"help\": \"h\"", "\"message\": \"n\""})
    EXPECT_NE(json.find(part), std::string::npos) << part << json;
  EXPECT_EQ(render_json(Diagnostics()), "[]\n");
}

}  // namespace
}  // namespace callgate::base
