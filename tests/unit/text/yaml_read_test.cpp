// What valid YAML becomes: structure by the core schema, decoded texts, places in bytes.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>

#include "unit/text/tree_checks.h"

namespace callgate::text {
namespace {

using checks::findings;
using checks::shape;
using checks::yaml;

struct Case {
  const char* text;
  const char* shape;
};

TEST(YamlRead, Structure) {
  const Case kCases[] = {
      {"a: 1\nb: [x, 'y', \"z\\t\"]\n", "{a=1 b=[<x> <y> <z\t>]}"},
      {"- a\n- - b\n  - c\n- {d: e, f: }\n", "[<a> [<b> <c>] {d=<e> f=null}]"},
      {"a:\nb: ~\nc: \"\"\n", "{a=null b=null c=<>}"},
      {"a: |\n  x\n  y\n\nb: >-\n  x\n  y\n", "{a=<x\ny\n> b=<x y>}"},
      {"{\"a\": [1, 2.5], 'b': null}", "{a=[1 2.5] b=null}"},
      {"a: 1\r\nb:\r\n  - x\r\n", "{a=1 b=[<x>]}"},
      {"# c\na: 1 # d\n# e\n", "{a=1}"},
      {"a: b\n  c\n", "{a=<b c>}"},
      {"'it''s': 1\n", "{it's=1}"},
      {"<<: {a: 1}\nb: 2\n", "{<<={a=1} b=2}"},
      {"? a\n: b\n", "{a=<b>}"},
      {"a: &x {b: [1]}\nc: *x\nd: *x\n", "{a={b=[1]} c={b=[1]} d={b=[1]}}"},
      {"&k key: 1\nother: *k\n", "{key=1 other=<key>}"},
      {"a: &x name\n*x : 2\n", "{a=<name> name=2}"},
      {"- &x 1\n- &x 2\n- *x\n", "[1 2 2]"},
      {"- &x [&x 1]\n- *x\n", "[[1] 1]"},
      {"\xef\xbb\xbf"
       "a: 1\nb: 2\n",
       "{a=1 b=2}"},
      {"scalar", "<scalar>"},
  };
  for (const Case& c : kCases) {
    const auto read = yaml(c.text);
    ASSERT_TRUE(read.documents) << c.text << findings(read.diagnostics);
    ASSERT_EQ(read.documents->size(), 1U) << c.text;
    const Document& document = read.documents->front();
    EXPECT_EQ(shape(document.root()), c.shape) << c.text;
    EXPECT_EQ(checks::broken_promise(document, std::string_view(c.text).find('*') != std::string_view::npos), "")
        << c.text;
  }
}

TEST(YamlRead, CoreSchema) {
  const auto read = yaml(
      "[null, Null, NULL, ~, true, True, FALSE, yes, no, on, off, y, 0, -12, +3, 007, 0o17, 0x1F, 0o8, 0x, 1_000,\n"
      " 1.5, .5, 5., -1e3, 1e, .inf, -.INF, .nan, +.nan, ., -, 1:30, 2024-01-01, nULL, tRUE, '1', \"true\"]");
  ASSERT_TRUE(read.documents) << findings(read.diagnostics);
  EXPECT_EQ(shape(read.documents->front().root()),
            "[null null null null true true false <yes> <no> <on> <off> <y> 0 -12 +3 007 0o17 0x1F <0o8> <0x> <1_000> "
            "1.5 .5 5. -1e3 <1e> .inf -.INF .nan <+.nan> <.> <-> <1:30> <2024-01-01> <nULL> <tRUE> <1> <true>]");
}

TEST(YamlRead, Integers) {
  const auto read = yaml("[0o17, 0x1F, +3, -3]");
  ASSERT_TRUE(read.documents);
  std::vector<Node> v(read.documents->front().root().begin(), read.documents->front().root().end());
  EXPECT_EQ(v[0].as_u64(), 15U);
  EXPECT_EQ(v[1].as_u64(), 31U);
  EXPECT_EQ(v[2].as_i64(), 3);
  EXPECT_EQ(v[3].as_i64(), -3);
  EXPECT_EQ(v[3].as_u64(), std::nullopt);
}

TEST(YamlRead, Tags) {
  const auto read = yaml("a: !!str 12\nb: !!int '7'\nc: !reset null\nd: !override [1]\ne: ! 12\nf: &f !x {}\ng: *f\n");
  ASSERT_TRUE(read.documents) << findings(read.diagnostics);
  const Node root = read.documents->front().root();
  EXPECT_EQ(shape(root), "{a=<12> b=7 c=null d=[1] e=<12> f={} g={}}");
  EXPECT_EQ(root.find("a").tag(), "tag:yaml.org,2002:str");
  EXPECT_EQ(root.find("c").tag(), "!reset");
  EXPECT_EQ(root.find("d").tag(), "!override");
  EXPECT_EQ(root.find("g").tag(), "!x");
  EXPECT_EQ(root.tag(), "");
}

TEST(YamlRead, Styles) {
  const auto read = yaml("- a\n- 'b'\n- \"c\"\n- |\n  d\n- >\n  e\n- []\n");
  ASSERT_TRUE(read.documents);
  std::vector<ScalarStyle> styles;
  for (const Node node : read.documents->front().root()) styles.push_back(node.style());
  EXPECT_THAT(styles, testing::ElementsAre(ScalarStyle::plain, ScalarStyle::single_quoted, ScalarStyle::double_quoted,
                                           ScalarStyle::literal, ScalarStyle::folded, ScalarStyle::none));
}

TEST(YamlRead, PlacesAreBytes) {
  const auto read =
      yaml("# ä€\nä: ö # x\n'😀': \"ü\"\nlist:\n  - 1\n  - a b\n\n\n# end\nblock: |\n  x\n\n\nmap:\n  k: v\n\n");
  ASSERT_TRUE(read.documents) << findings(read.diagnostics);
  const Node root = read.documents->front().root();
  const auto text = [&root](std::string_view name) { return root.find(name).span().text(); };
  EXPECT_EQ(text("ä"), "ö");
  EXPECT_EQ(root.find("ä").key_span().text(), "ä");
  EXPECT_EQ(text("😀"), "\"ü\"");
  EXPECT_EQ(root.find("😀").key_span().text(), "'😀'");
  EXPECT_EQ(text("list"), "- 1\n  - a b");
  EXPECT_EQ(text("block"), "|\n  x");
  EXPECT_EQ(text("map"), "k: v");
  EXPECT_TRUE(root.span().text().ends_with("k: v"));
  EXPECT_TRUE(root.span().text().starts_with("ä"));
}

TEST(YamlRead, PlacesWithByteOrderMarkAndCarriageReturns) {
  const auto read = yaml(
      "\xef\xbb\xbf"
      "a: x\r\nb: [é, z]\r\n");
  ASSERT_TRUE(read.documents);
  const Node root = read.documents->front().root();
  EXPECT_EQ(root.find("a").span().text(), "x");
  EXPECT_EQ(root.find("b").span().text(), "[é, z]");
  EXPECT_EQ((*root.find("b").begin()).span().text(), "é");
}

TEST(YamlRead, AnAliasShowsItsTarget) {
  const auto read = yaml("a: &x [1, 2]\nb:\n  - *x\nc: 3\n");
  ASSERT_TRUE(read.documents);
  const Node b = read.documents->front().root().find("b");
  EXPECT_EQ((*b.begin()).span().text(), "&x [1, 2]");
  EXPECT_EQ(b.span().text(), "- *x");
}

TEST(YamlRead, SeveralDocuments) {
  const auto read = yaml("a: 1\n---\n- b\n...\n---\n---\nc\n");
  ASSERT_TRUE(read.documents);
  std::string shapes;
  for (const Document& document : *read.documents) shapes += shape(document.root()) + ";";
  EXPECT_EQ(shapes, "{a=1};[<b>];null;<c>;");
  EXPECT_TRUE(yaml("").documents->empty());
  EXPECT_TRUE(yaml("# only a comment\n").documents->empty());
  EXPECT_EQ(findings(yaml("a: &x 1\n---\nb: *x\n").diagnostics), "CG0205 3:4");
}

// Every value that does not depend on indentation reads the same by itself.
TEST(YamlRead, FlowValuesReadTheSameByThemselves) {
  const auto read = yaml("a: [x, {b: \"q\\n\", 'c': ~}, [1]]\nd: 'e'\nf: !!str 12\n");
  ASSERT_TRUE(read.documents);
  const Document& document = read.documents->front();
  for (std::uint32_t i = 1; i < document.nodes().size(); ++i) {
    const Node node(&document, i);
    const auto again = yaml(node.span().text());
    ASSERT_TRUE(again.documents) << node.span().text();
    EXPECT_EQ(shape(again.documents->front().root()), shape(node));
  }
}

TEST(YamlRead, JsonIsYaml) {
  const std::string_view text = R"({"a":[1,"b\u0041",null,true],"c":{"d":-1.5e3}})";
  EXPECT_EQ(shape(yaml(text).documents->front().root()), shape(checks::json(text).document->root()));
}

}  // namespace
}  // namespace callgate::text
