// What valid JSON becomes: structure, decoded texts, exact places.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>

#include "unit/text/tree_checks.h"

namespace callgate::text {
namespace {

using checks::findings;
using checks::json;
using checks::shape;

struct Case {
  const char* text;
  const char* shape;
};

TEST(JsonRead, Structure) {
  const Case kCases[] = {
      {"null", "null"},
      {" true ", "true"},
      {"\t\r\n false\n", "false"},
      {"0", "0"},
      {"-0", "-0"},
      {"-12.50e+07", "-12.50e+07"},
      {"1E400", "1E400"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"\"\"", "<>"},
      {"\"abc\"", "<abc>"},
      {"[]", "[]"},
      {"{}", "{}"},
      {"[ ]", "[]"},
      {"{\n}", "{}"},
      {"[[],{},[[1]]]", "[[] {} [[1]]]"},
      {"[1,\"a\",null,true]", "[1 <a> null true]"},
      {R"({"a":1,"b":[2,{"c":"d"}],"":{}})", "{a=1 b=[2 {c=<d>}] ={}}"},
      {R"("\"\\\/\b\f\n\r\t")", "<\"\\/\b\f\n\r\t>"},
      {R"("\u0041\u00e4\u20AC\ud83d\ude00")", "<Aä€😀>"},
      {"\"ä€😀\x7f\"", "<ä€😀\x7f>"},
      {R"({"\u0061b":1})", "{ab=1}"},
      {R"(["a,b","[","}",":"])", "[<a,b> <[> <}> <:>]"},
      {R"(["\\"])", "[<\\>]"},
  };
  for (const Case& c : kCases) {
    const auto read = json(c.text);
    ASSERT_TRUE(read.document) << c.text << findings(read.diagnostics);
    EXPECT_EQ(shape(read.document->root()), c.shape) << c.text;
    EXPECT_EQ(checks::broken_promise(*read.document), "") << c.text;
    EXPECT_EQ(findings(read.diagnostics), "") << c.text;
  }
}

TEST(JsonRead, PlacesAreExact) {
  const auto read = json(
      "{ \"names\" : [ \"read\" , 12 ],\n \"ä\":{\"x\" : nu"
      "ll } }");
  ASSERT_TRUE(read.document);
  const Node root = read.document->root();
  EXPECT_EQ(root.span().begin, 0U);
  EXPECT_EQ(root.span().end, read.file->text().size());
  const Node names = root.find("names");
  EXPECT_EQ(names.span().text(), "[ \"read\" , 12 ]");
  EXPECT_EQ(names.key_span().text(), "\"names\"");
  const Node word = *names.begin();
  EXPECT_EQ(word.span().text(), "\"read\"");
  EXPECT_EQ(word.key_span().begin, word.key_span().end);
  EXPECT_EQ(root.find("ä").key_span().text(), "\"ä\"");
  EXPECT_EQ(root.find("ä").find("x").span().text(), "null");
}

TEST(JsonRead, TextsAreViewsOfTheSource) {
  const auto read = json(R"({"key":["plain",12,"esc\u0061ped"]})");
  ASSERT_TRUE(read.document);
  const std::string_view source = read.file->text();
  const auto is_inside = [source](std::string_view text) {
    return text.data() >= source.data() && text.data() < source.data() + source.size();
  };
  const Node list = read.document->root().find("key");
  EXPECT_TRUE(is_inside(list.key()));
  auto child = list.begin();
  EXPECT_TRUE(is_inside((*child++).text()));
  EXPECT_TRUE(is_inside((*child++).text()));
  EXPECT_FALSE(is_inside((*child).text()));
}

TEST(JsonRead, EveryValueReadsTheSameByItself) {
  const auto read = json(R"( {"a":[1, {"b" : "x\ny"} , [ ] ],"c":-1.5e3 , "d":{"e":null,"f":[true]}} )");
  ASSERT_TRUE(read.document);
  for (std::uint32_t i = 0; i < read.document->nodes().size(); ++i) {
    const Node node(&*read.document, i);
    const auto again = json(node.span().text());
    ASSERT_TRUE(again.document) << node.span().text();
    EXPECT_EQ(shape(again.document->root()), shape(node));
  }
}

TEST(JsonRead, StylesAndIntegers) {
  const auto read = json(R"([18446744073709551615, -9223372036854775808, 18446744073709551616, 1.0, "5", 1e2, -1])");
  ASSERT_TRUE(read.document);
  std::vector<Node> v(read.document->root().begin(), read.document->root().end());
  EXPECT_EQ(v[0].as_u64(), 18446744073709551615ULL);
  EXPECT_EQ(v[0].as_i64(), std::nullopt);
  EXPECT_EQ(v[1].as_i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(v[2].as_u64(), std::nullopt);
  EXPECT_EQ(v[3].as_u64(), std::nullopt);
  EXPECT_EQ(v[4].as_u64(), std::nullopt);
  EXPECT_EQ(v[5].as_u64(), std::nullopt);
  EXPECT_EQ(v[6].as_u64(), std::nullopt);
  EXPECT_EQ(v[6].as_i64(), -1);
  EXPECT_EQ(v[0].style(), ScalarStyle::plain);
  EXPECT_EQ(v[4].style(), ScalarStyle::double_quoted);
  EXPECT_EQ(v[0].as_bool(), std::nullopt);
}

TEST(JsonRead, FindTakesTheLastAndToleratesAbsence) {
  const auto read = json(R"({"a":1,"b":2,"a":3})");
  ASSERT_TRUE(read.document);
  EXPECT_EQ(read.document->root().find("a").text(), "3");
  EXPECT_FALSE(read.document->root().find("c"));
  EXPECT_FALSE(read.document->root().find("a").find("x"));
  EXPECT_FALSE(read.document->root().find("c").find("x"));
}

TEST(JsonRead, DuplicateKeysAreKeptAndReported) {
  const auto read = json("{\"a\":1,\n\"\\u0061\":2, \"b\":{\"x\":1,\"x\":2}}");
  ASSERT_TRUE(read.document);
  EXPECT_EQ(read.document->root().size(), 3U);
  EXPECT_EQ(findings(read.diagnostics), "CG0122 2:1, CG0122 2:24");
  EXPECT_FALSE(read.diagnostics.has_errors());
  ASSERT_EQ(read.diagnostics.items()[0].notes.size(), 1U);
  EXPECT_EQ(read.diagnostics.items()[0].notes[0].span.begin, 1U);
}

TEST(JsonRead, DuplicateKeysInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"k" + std::to_string(i % 998) + "\":0,";
  const auto read = json(text + "\"z\":1}");
  ASSERT_TRUE(read.document);
  ASSERT_EQ(read.diagnostics.warning_count(), 2U);
  EXPECT_EQ(read.diagnostics.items()[0].span.text(), "\"k0\"");
  EXPECT_EQ(read.diagnostics.items()[1].span.text(), "\"k1\"");
  EXPECT_EQ(read.diagnostics.items()[1].notes[0].span.text(), "\"k1\"");
}

TEST(JsonRead, LimitsAreInclusive) {
  const ReadLimits limits{.max_depth = 3, .max_nodes = 5, .max_bytes = 20};
  EXPECT_TRUE(json("[[[]]]", limits).document);
  EXPECT_EQ(findings(json("[[[[]]]]", limits).diagnostics), "CG0119 1:4");
  EXPECT_TRUE(json("[1,2,3,4]", limits).document);
  EXPECT_EQ(findings(json("[1,2,3,4,5]", limits).diagnostics), "CG0120 1:10");
  EXPECT_TRUE(json("[1                 ]", limits).document);
  EXPECT_EQ(findings(json("[1                  ]", limits).diagnostics), "CG0121 1:1");
}

// Over a mebibyte the text is scanned before it is indexed; the answer must be the same.
TEST(JsonRead, LargeTexts) {
  std::string text = "[";
  for (int i = 0; i < 200'000; ++i) text += "\"ab\\n\",";
  const auto read = json(text + "{}]");
  ASSERT_TRUE(read.document);
  EXPECT_EQ(read.document->root().size(), 200'001U);
  EXPECT_EQ(checks::broken_promise(*read.document), "");
  const auto broken = json(text + "]");
  EXPECT_EQ(broken.diagnostics.error_count(), 1U);
  EXPECT_EQ(findings(broken.diagnostics), "CG0103 1:1400001");
}

TEST(JsonRead, AHundredMegabytesOfBracketsAreRefusedAtTheDepthLimit) {
  const auto read = json(std::string(100'000'000, '['));
  EXPECT_FALSE(read.document);
  EXPECT_EQ(findings(read.diagnostics), "CG0119 1:129");
}

}  // namespace
}  // namespace callgate::text
