// What invalid JSON is told: one finding at the exact place, with help.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>

#include "unit/text/tree_checks.h"

namespace callgate::text {
namespace {

using checks::findings;
using checks::json;
using testing::HasSubstr;
using namespace std::string_view_literals;

struct Case {
  std::string_view text;
  const char* finding;
};

TEST(JsonError, PlaceAndKind) {
  const Case kCases[] = {
      {"", "CG0101 1:1"},
      {" \n\t", "CG0101 1:1"},
      {"@", "CG0102 1:1"},
      {"]", "CG0102 1:1"},
      {"{\"a\":}", "CG0102 1:6"},
      {"[1;2]", "CG0102 1:3"},
      {"[\f]", "CG0102 1:2"},
      {"[1\x1a]", "CG0102 1:3"},
      {"[\"a\" ä]", "CG0102 1:6"},
      {"[\0]"sv, "CG0102 1:2"},
      {"\0"sv, "CG0102 1:1"},
      {"{]", "CG0118 1:2"},
      {"{\"a\":1,}", "CG0103 1:7"},
      {"[1,2,\n]", "CG0103 1:5"},
      {"[,1]", "CG0103 1:2"},
      {"[1,,2]", "CG0103 1:4"},
      {"{,}", "CG0103 1:2"},
      {"// x\n{}", "CG0104 1:1"},
      {"{\n  # x\n}", "CG0104 2:3"},
      {"[1, /* x */ 2]", "CG0104 1:5"},
      {"[1] // x", "CG0104 1:5"},
      {"{\"a\" /* x */ :1}", "CG0104 1:6"},
      {"{'a':1}", "CG0105 1:2"},
      {"['a']", "CG0105 1:2"},
      {"['a", "CG0105 1:2"},
      {"{a:1}", "CG0106 1:2"},
      {"{\"a\":1, b_c: 2}", "CG0106 1:9"},
      {"{1:2}", "CG0106 1:2"},
      {"[1 2]", "CG0107 1:3"},
      {"[\"a\"\n\"b\"]", "CG0107 1:5"},
      {"[\"a\"\"b\"]", "CG0107 1:5"},
      {"[\"a\"b]", "CG0107 1:5"},
      {"[1\"b\"]", "CG0107 1:3"},
      {"{\"a\":1 \"b\":2}", "CG0107 1:7"},
      {"[{}{}]", "CG0107 1:4"},
      {"{\"a\" 1}", "CG0108 1:5"},
      {"{\"a\"=1}", "CG0108 1:5"},
      {"{\"a\",\"b\"}", "CG0108 1:5"},
      {"{\"a\"}", "CG0108 1:5"},
      {"[", "CG0109 1:2"},
      {"[1", "CG0109 1:3"},
      {"[1,", "CG0109 1:4"},
      {"{\"a\"", "CG0109 1:5"},
      {"{\"a\":", "CG0109 1:6"},
      {"{\"a\":[1,\n 2]", "CG0109 2:4"},
      {"[\"abc", "CG0110 1:2"},
      {"\"", "CG0110 1:1"},
      {"[\"abc\n\"]", "CG0110 1:2"},
      {"[\"abc\\\"]", "CG0110 1:2"},
      {"\"abc\\", "CG0110 1:1"},
      {"[\"a\tb\"]", "CG0111 1:4"},
      {"[\"a\0b\"]"sv, "CG0111 1:4"},
      {"[\"ä\x1f\"]", "CG0111 1:4"},
      {R"(["\x41"])", "CG0112 1:3"},
      {R"(["\u12g4"])", "CG0112 1:3"},
      {R"(["\u12"])", "CG0112 1:3"},
      {R"(["\ud800"])", "CG0112 1:3"},
      {R"(["\udc00"])", "CG0112 1:3"},
      {R"(["\ud800\u0041"])", "CG0112 1:3"},
      {R"(["\ud800\ud800"])", "CG0112 1:3"},
      {R"({"\q":1})", "CG0112 1:3"},
      {"[01]", "CG0113 1:2"},
      {"[-01]", "CG0113 1:2"},
      {"[1.]", "CG0113 1:2"},
      {"[.5]", "CG0113 1:2"},
      {"[+1]", "CG0113 1:2"},
      {"[-]", "CG0113 1:2"},
      {"[1e]", "CG0113 1:2"},
      {"[1e+]", "CG0113 1:2"},
      {"[0x1F]", "CG0113 1:2"},
      {"[1.2.3]", "CG0113 1:2"},
      {"[-Infinity]", "CG0113 1:2"},
      {"[1a]", "CG0113 1:2"},
      {"[--1]", "CG0113 1:2"},
      {"[True]", "CG0114 1:2"},
      {"nul", "CG0114 1:1"},
      {"[NaN]", "CG0114 1:2"},
      {"[truefalse]", "CG0114 1:2"},
      {"[abc]", "CG0114 1:2"},
      {"[\"\xff\"]", "CG0115 1:3"},
      {"[\"a\xc3\"]", "CG0115 1:4"},
      {"[\"\xc0\xaf\"]", "CG0115 1:3"},
      {"[\"\xed\xa0\x80\"]", "CG0115 1:3"},
      {"[\"\xf4\x90\x80\x80\"]", "CG0115 1:3"},
      {"[\"\xf0\x80\x80\x80\"]", "CG0115 1:3"},
      {"[\xfe]", "CG0115 1:2"},
      {"\xef\xbb\xbf{}", "CG0116 1:1"},
      {"\xff\xfe{\0}\0"sv, "CG0116 1:1"},
      {"[1]x", "CG0117 1:4"},
      {"[1]]", "CG0117 1:4"},
      {"{} {}", "CG0117 1:4"},
      {"1 2", "CG0117 1:3"},
      {"[1],", "CG0117 1:4"},
      {"[1}", "CG0118 1:3"},
      {"{\"a\":1]", "CG0118 1:7"},
  };
  for (const Case& c : kCases) {
    const auto read = json(c.text);
    EXPECT_FALSE(read.document) << c.text;
    EXPECT_EQ(findings(read.diagnostics), c.finding) << c.text;
  }
}

struct Wording {
  const char* text;
  const char* message;
  const char* help;
};

TEST(JsonError, Wording) {
  const Wording kCases[] = {
      {"", "the file is empty", "{}"},
      {"[1,]", "extra ','", "remove the comma"},
      {"[/**/]", "'/**/]'", "JSON has no comments"},
      {"['it']", "single quotes in 'it'", "use double quotes"},
      {"{abc:1}", "key 'abc' without quotes", "write \"abc\""},
      {"{\"a\" 1}", "no ':' after the key 'a'", "write ':'"},
      {"{\"a\"=1}", "no ':' after the key 'a'", "instead of '='"},
      {"[1 2]", "no ',' before the next value", "add a comma"},
      {"{\"a\":1 \"b\":2}", "no ',' before the next member", "add a comma"},
      {"[010]", "'010'", "leading zero"},
      {"[+1]", "'+1'", "remove the '+'"},
      {"[0x10]", "'0x10'", "hexadecimal"},
      {"[.5]", "'.5'", "0 before the point"},
      {"[5.]", "'5.'", "after the point"},
      {"[1e]", "'1e'", "decimal"},
      {"[None]", "'None'", "write null"},
      {"[FALSE]", "'FALSE'", "write false"},
      {"[read]", "'read'", "double quotes"},
      {"[\"a\tb\"]", "control character", "\\t"},
      {"[\"a\x01\"]", "control character", "\\u0001"},
      {R"(["\ud800"])", "half a surrogate pair", "pair"},
      {R"(["\d"])", "'\\d'", "\\\\"},
      {"[1]]", "']' after the end", "one value"},
      {"[\"a", "no closing quote", "add '\"'"},
  };
  for (const Wording& c : kCases) {
    const auto read = json(c.text);
    ASSERT_EQ(read.diagnostics.items().size(), 1U) << c.text;
    EXPECT_THAT(read.diagnostics.items()[0].message, HasSubstr(c.message)) << c.text;
    EXPECT_THAT(read.diagnostics.items()[0].help, HasSubstr(c.help)) << c.text;
  }
}

TEST(JsonError, AnUnclosedBracketIsNoted) {
  const auto read = json("{\n \"a\": [1,\n 2");
  ASSERT_EQ(read.diagnostics.items().size(), 1U);
  const auto& notes = read.diagnostics.items()[0].notes;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(read.file->position(notes[0].span.begin), (base::Position{2, 7, 7}));
  EXPECT_EQ(json("{]").diagnostics.items()[0].notes.at(0).span.begin, 0U);
}

}  // namespace
}  // namespace callgate::text
