// TOML as the same tree as JSON and YAML: kinds, places, and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "text/diagnostic_ids.h"
#include "text/node.h"

namespace callgate::text {
namespace {

struct Read {
  explicit Read(std::string text) : file("config.toml", std::move(text)), document(read_toml(file, diagnostics)) {}
  base::SourceFile file;
  base::Diagnostics diagnostics;
  std::optional<Document> document;
};

TEST(Toml, ValuesAndPlaces) {
  const Read read("# é\nname = 'ä\\n'\n[a.\"b.c\"]\nx = 0x1F\non = true\nlist = [1, \"two\"]\nday = 1979-05-27\n");
  ASSERT_TRUE(read.document) << base::render_text(read.diagnostics, false);
  const Node root = read.document->root();
  EXPECT_TRUE(root.is_object());
  EXPECT_EQ(root.find("name").text(), "ä\\n");
  EXPECT_EQ(root.find("name").span().text(), "'ä\\n'");
  const Node inner = root.find("a").find("b.c");
  EXPECT_EQ(inner.find("x").as_u64(), 31U);
  EXPECT_EQ(inner.find("x").span().text(), "0x1F");
  EXPECT_EQ(inner.find("x").key_span().text(), "x");
  EXPECT_EQ(inner.find("on").as_bool(), true);
  EXPECT_EQ(inner.find("list").size(), 2U);
  EXPECT_EQ((*++inner.find("list").begin()).text(), "two");
  EXPECT_EQ(inner.find("day").text(), "1979-05-27");
  EXPECT_EQ(inner.key_span().text(), "\"b.c\"");
}

TEST(Toml, EmptyIsATable) {
  const Read read("");
  ASSERT_TRUE(read.document);
  EXPECT_TRUE(read.document->root().is_object());
  EXPECT_EQ(read.document->root().size(), 0U);
}

struct Bad {
  std::string text;
  int number;
  std::uint32_t line;
};

TEST(Toml, WhatIsRefusedAndWhere) {
  std::string deep = "a";
  for (int i = 0; i < 40; ++i) deep += ".a";
  std::string nested = "x = ";
  nested.append(1000, '[').append(1000, ']');
  for (const Bad& bad :
       {Bad{"a = 1\nb = \n", kTomlSyntax.number, 2}, Bad{"a = 1\na = 2\n", kTomlSyntax.number, 2},
        Bad{"[a\n", kTomlSyntax.number, 1}, Bad{"a = \"x\n", kTomlSyntax.number, 1},
        Bad{"a = 1\nb = \"\xff\"\n", kTomlSyntax.number, 2}, Bad{"\n" + deep + " = 1\n", kTomlDepth.number, 2},
        Bad{nested, kTomlSyntax.number, 1}, Bad{std::string(9U << 20U, '#'), kTomlSize.number, 1}}) {
    const Read read(bad.text);
    EXPECT_FALSE(read.document);
    ASSERT_EQ(read.diagnostics.items().size(), 1U) << bad.text.substr(0, 40);
    const base::Diagnostic& said = read.diagnostics.items().front();
    EXPECT_EQ(said.number, bad.number) << said.message;
    EXPECT_EQ(read.file.position(said.span.begin).line, bad.line) << said.message;
  }
}

}  // namespace
}  // namespace callgate::text
