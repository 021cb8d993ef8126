// What invalid or excessive YAML is told.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>

#include "unit/text/tree_checks.h"

namespace callgate::text {
namespace {

using checks::findings;
using checks::yaml;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  const char* text;
  const char* finding;
};

TEST(YamlError, PlaceAndKind) {
  const Case kCases[] = {
      {"a: b: c\n", "CG0201 1:5"},           {"ä: b: c\n", "CG0201 1:5"},
      {"a:\n\t- b\n", "CG0201 2:1"},         {"a: @b\n", "CG0201 1:4"},
      {"a: [1, 2\n", "CG0201 2:1"},          {"a: \"x\n", "CG0201 2:1"},
      {"a: \x01\n", "CG0202 1:4"},           {"a: é\xff\n", "CG0202 1:5"},
      {"a: 1\nb: 2\na: 3\n", "CG0203 3:1"},  {"a: {b: 1, b: 2}\nc: 1\nc: 2\n", "CG0203 1:11, CG0203 3:1"},
      {"{a: 1}: 2\n", "CG0204 1:1"},         {"? [a]\n: b\n", "CG0204 1:3"},
      {"a: &x [1]\n*x : 2\n", "CG0204 2:1"}, {"a: *x\n", "CG0205 1:4"},
      {"a: &x [*x]\n", "CG0206 1:8"},        {"a: !!int many\n", "CG0211 1:4"},
      {"a: !!map [1]\n", "CG0211 1:4"},      {"a: !!seq {}\n", "CG0211 1:4"},
      {"a: !!bool 1\n", "CG0211 1:4"},       {"a: !!null 1\n", "CG0211 1:4"},
      {"a: !!float x\n", "CG0211 1:4"},      {"a: !!str []\n", "CG0211 1:4"},
  };
  for (const Case& c : kCases) {
    const auto read = yaml(c.text);
    EXPECT_FALSE(read.documents) << c.text;
    EXPECT_EQ(findings(read.diagnostics), c.finding) << c.text;
  }
}

TEST(YamlError, Help) {
  EXPECT_THAT(yaml("a:\n\t- b\n").diagnostics.items().at(0).help, HasSubstr("not tabs"));
  EXPECT_THAT(yaml("a: `b`\n").diagnostics.items().at(0).help, HasSubstr("quote"));
  const auto twice = yaml("a: 1\na: 2\n");
  ASSERT_EQ(twice.diagnostics.items().at(0).notes.size(), 1U);
  EXPECT_EQ(twice.diagnostics.items()[0].notes[0].span.begin, 0U);
}

TEST(YamlError, LimitsAreInclusive) {
  const ReadLimits limits{.max_depth = 3, .max_nodes = 5, .max_expanded = 3, .max_bytes = 40};
  EXPECT_TRUE(yaml("[[[]]]", limits).documents);
  EXPECT_EQ(findings(yaml("[[[[]]]]", limits).diagnostics), "CG0208 1:4");
  EXPECT_TRUE(yaml("[1,2,3,4]", limits).documents);
  EXPECT_EQ(findings(yaml("[1,2,3,4,5]", limits).diagnostics), "CG0209 1:10");
  EXPECT_EQ(findings(yaml(std::string(41, 'a'), limits).diagnostics), "CG0210 1:1");
  EXPECT_TRUE(yaml(std::string(40, 'a'), limits).documents);
}

TEST(YamlError, LimitsHoldThroughAliases) {
  const ReadLimits shallow{.max_depth = 3};
  EXPECT_TRUE(yaml("- &x [[]]\n- *x\n", shallow).documents);
  EXPECT_EQ(findings(yaml("- &x [[]]\n- [*x]\n", shallow).diagnostics), "CG0208 2:4");
  // The depth of what an alias brought in counts for the anchor around it.
  EXPECT_EQ(findings(yaml("- &x []\n- &y [*x]\n- [*y]\n", shallow).diagnostics), "CG0208 3:4");
  const ReadLimits few{.max_nodes = 5};
  EXPECT_EQ(findings(yaml("- &x [1]\n- *x\n- *x\n", few).diagnostics), "CG0209 3:3");
  const ReadLimits little{.max_expanded = 3};
  EXPECT_EQ(findings(yaml("- &x [1]\n- *x\n- *x\n", little).diagnostics), "CG0207 3:3");
}

TEST(YamlError, BillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int n = 0; n < 10; ++n) text += (n > 0 ? ", " : "") + last;
    text += "]\n";
  }
  EXPECT_THAT(findings(yaml(text).diagnostics), StartsWith("CG0207"));
}

TEST(YamlError, ManyBracketsAreRefusedAtTheDepthLimit) {
  EXPECT_EQ(findings(yaml(std::string(10'000'000, '[')).diagnostics), "CG0208 1:129");
  std::string lists;
  for (int i = 0; i < 5000; ++i) lists += "- ";
  EXPECT_EQ(findings(yaml(lists).diagnostics), "CG0208 1:257");
}

}  // namespace
}  // namespace callgate::text
