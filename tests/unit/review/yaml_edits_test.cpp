// Members taken out of a text, put in and moved, byte by byte. SPDX-License-Identifier: Apache-2.0
#include "review/yaml_edits.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "lint/fix.h"

namespace callgate::review {
namespace {

// "spec.list.0": keys, and numbers of elements.
Way way_to(const text::Document& document, std::string_view path) {
  Way way{document.root()};
  if (path.empty()) return way;
  for (const std::string_view part : base::split(path, '.')) {
    const auto number = base::parse_u64(part);
    if (!number || way.back().is_object()) {
      way = step_to(way, part);
      if (way.empty()) return way;
      continue;
    }
    auto element = way.back().begin();
    for (std::uint64_t i = 0; i < *number; ++i) ++element;
    way.push_back(*element);
  }
  return way;
}

constexpr std::string_view kNone = "(none)";

// The text after the edits that `make` makes of its first document; kNone where it makes none.
template <class Make>
std::string after(const std::string& text, const Make& make) {
  const base::SourceFile file("a.yaml", text);
  Trees trees;
  const auto& documents = trees.of(file);
  if (documents.empty()) return "no document";
  const Edits edits = make(documents.front());
  return edits ? lint::apply_edits(text, *edits) : std::string(kNone);
}

std::string removed(const std::string& text, std::string_view path) {
  return after(text, [&](const text::Document& document) { return remove(way_to(document, path)); });
}

std::string inserted(const std::string& text, std::string_view path, Where where) {
  const NewMember member{"new", "", {{"k", "v", {}}}};
  return after(text, [&](const text::Document& document) { return insert(way_to(document, path), member, where); });
}

std::string moved(const std::string& text, std::string_view path, std::string_view target,
                  std::string_view wrapper = {}) {
  return after(text, [&](const text::Document& document) {
    return move(way_to(document, path), way_to(document, target), Where::last, wrapper);
  });
}

TEST(Remove, BlockMembersGoWithTheirLines) {
  EXPECT_EQ(removed("a: 1\nb: 2  # two\nc: 3\n", "b"), "a: 1\nc: 3\n");
  EXPECT_EQ(removed("a: 1\n# about b\nb:\n  x: 1\n  # last\nc: 3", "b"), "a: 1\n# about b\n  # last\nc: 3");
  EXPECT_EQ(removed("a: 1\nb: |\n  x\n\n  y\nc: 3\n", "b"), "a: 1\nc: 3\n");
  EXPECT_EQ(removed("a: 1\r\nb: 2\r\n", "b"), "a: 1\r\n");
  EXPECT_EQ(removed("a: 1\nb: 2", "b"), "a: 1\n");
  EXPECT_EQ(removed("a:\nb: 2\n", "a"), "b: 2\n");
  EXPECT_EQ(removed("---\na: 1\nb: 2\n---\nc: 3\n", "a"), "---\nb: 2\n---\nc: 3\n");
}

TEST(Remove, AParentWithNothingElseGoesToo) {
  EXPECT_EQ(removed("m:\n  a:\n    b: 1\n  c: 2\n", "m.a.b"), "m:\n  c: 2\n");
  EXPECT_EQ(removed("m: {a: {b: 1}, c: 2}\n", "m.a.b"), "m: {c: 2}\n");
  EXPECT_EQ(removed("m:\n  l:\n  - x\n", "m.l.0"), "m:\n");
}

TEST(Remove, BlockElements) {
  EXPECT_EQ(removed("l:\n  - a\n  - b # b\n  - c\n", "l.1"), "l:\n  - a\n  - c\n");
  EXPECT_EQ(removed("l:\n- \"a\"\n- b\n", "l.0"), "l:\n- b\n");
  EXPECT_EQ(removed("l:\n- k: 1\n  m: 2\n- b\n", "l.0.k"), "l:\n- m: 2\n- b\n");
  EXPECT_EQ(removed("l:\n- k: 1\n  # about m\n  m: 2\n", "l.0.k"), kNone);
  EXPECT_EQ(removed("l:\n- - a\n  - b\n", "l.0.0"), kNone);
}

TEST(Remove, FlowMembersAndJson) {
  EXPECT_EQ(removed("m: {a: 1, b: 2}  # m\n", "m.a"), "m: {b: 2}  # m\n");
  EXPECT_EQ(removed("m: {a: 1, b: 2}\n", "m.b"), "m: {a: 1}\n");
  EXPECT_EQ(removed("l: [a, 'b', c]\n", "l.1"), "l: [a, c]\n");
  EXPECT_EQ(removed("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "a"), "{\n  \"b\": 2\n}\n");
  EXPECT_EQ(removed("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b"), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(removed("{\"a\": {\"b\": 1}}", "a"), "{}");
  EXPECT_EQ(removed("m: {a: 1, # one\n  b: 2}\n", "m.a"), kNone);
}

TEST(Remove, NothingWhereAnotherPlaceWouldChange) {
  EXPECT_EQ(removed("a: &x\n  b: 1\n  c: 2\nd: *x\n", "a.b"), kNone);
  EXPECT_EQ(removed("a: &x\n  b: 1\n  c: 2\nd: *x\n", "d.b"), kNone);
  EXPECT_EQ(removed("a: &x\n  b: 1\n  c: 2\nd: 1\n", "a.b"), "a: &x\n  c: 2\nd: 1\n");
  EXPECT_EQ(removed("a: !reset\n  b: 1\n  c: 2\n", "a.b"), kNone);
  EXPECT_EQ(removed("a: 1\n", ""), kNone);
  EXPECT_EQ(removed("a: 1\n", "a"), kNone);
}

TEST(Insert, IntoBlockMappings) {
  EXPECT_EQ(inserted("m:\n  a: 1\n  b: 2\n", "m", Where::first), "m:\n  new:\n    k: v\n  a: 1\n  b: 2\n");
  EXPECT_EQ(inserted("m:\n  a: 1\n  b: 2  # b\nn: 1\n", "m", Where::last),
            "m:\n  a: 1\n  b: 2  # b\n  new:\n    k: v\nn: 1\n");
  EXPECT_EQ(inserted("m:\n  # about a\n  a: 1\n", "m", Where::first), "m:\n  new:\n    k: v\n  # about a\n  a: 1\n");
  EXPECT_EQ(inserted("m:\n    a: 1\n", "m", Where::last), "m:\n    a: 1\n    new:\n        k: v\n");
  EXPECT_EQ(inserted("l:\n- a: 1\n  b: 2\n- c\n", "l.0", Where::first), "l:\n- a: 1\n  b: 2\n  new:\n    k: v\n- c\n");
  EXPECT_EQ(inserted("m:\r\n  a: 1", "m", Where::last), "m:\r\n  a: 1\r\n  new:\r\n    k: v");
}

TEST(Insert, IntoWhatIsEmpty) {
  EXPECT_EQ(inserted("m:  # m\nn: 1\n", "m", Where::first), "m:  # m\n  new:\n    k: v\nn: 1\n");
  EXPECT_EQ(inserted("m: {}  # m\n", "m", Where::first), "m: {new: {k: v}}  # m\n");
  EXPECT_EQ(inserted("m: null # m\n", "m", Where::first), "m: {new: {k: v}} # m\n");
  EXPECT_EQ(inserted("{\"m\": {}}", "m", Where::first), "{\"m\": {\"new\": {\"k\": \"v\"}}}");
}

TEST(Insert, IntoFlowMappings) {
  EXPECT_EQ(inserted("m: {a: 1}\n", "m", Where::last), "m: {a: 1, new: {k: v}}\n");
  EXPECT_EQ(inserted("{\n  \"a\": 1\n}\n", "", Where::last), "{\n  \"a\": 1,\n  \"new\": {\"k\": \"v\"}\n}\n");
}

TEST(Insert, NothingWhereAnotherPlaceWouldChange) {
  EXPECT_EQ(inserted("m: *x\n", "m", Where::last), "no document");
  EXPECT_EQ(inserted("a: &x\n  b: 1\nd: *x\n", "d", Where::last), kNone);
  EXPECT_EQ(inserted("x: &x {b: 1}\nm:\n  a: *x\n", "m", Where::last), kNone);
  EXPECT_EQ(inserted("m:\n  a: |+\n    text\n\nn: 1\n", "m", Where::last), kNone);
  EXPECT_EQ(inserted("m: 5\n", "m", Where::last), kNone);
  EXPECT_EQ(inserted("l: [ a: 1, {b: 2}]\n", "l.0", Where::first), kNone);
  EXPECT_EQ(inserted("&x : [a]\n", "", Where::last), "&x : [a]\nnew:\n  k: v\n");
}

TEST(Move, BlocksKeepTheirCommentsAndTheirShape) {
  EXPECT_EQ(moved("a:\n    x: 1  # one\n    # two\n    y: 2\nb:\n    c: 3\n", "a", "b"),
            "b:\n    c: 3\n    a:\n        x: 1  # one\n        # two\n        y: 2\n");
  EXPECT_EQ(moved("b:\n  c: 3\n  d:\n    x: |\n      t\n       u\n", "b.d", "", "w"),
            "b:\n  c: 3\nw:\n  d:\n    x: |\n      t\n       u\n");
}

TEST(Move, BetweenBlockAndFlow) {
  EXPECT_EQ(moved("a: {x: 1}\nb: {c: 3}\n", "a", "b"), "b: {c: 3, a: {x: 1}}\n");
  EXPECT_EQ(moved("a:\n  x: 1\nb: {c: 3}\n", "a", "b"), "b: {c: 3, a: {x: 1}}\n");
  EXPECT_EQ(moved("a:\n  x: 1 # comment\nb: {c: 3}\n", "a", "b"), kNone);
  EXPECT_EQ(moved("m: {a: {x: 1}, d: 1}\nb:\n  c: 3\n", "m.a", "b"), "m: {d: 1}\nb:\n  c: 3\n  a: {x: 1}\n");
  EXPECT_EQ(moved("{\"a\": {\"x\": 1}, \"b\": {}}", "a", "b", "w"), "{\"b\": {\"w\": {\"a\": {\"x\": 1}}}}");
}

TEST(Move, NotIntoItself) {
  EXPECT_EQ(moved("a:\n  b:\n    c: 1\n  d: 2\n", "a.b", "a.b"), kNone);
}

}  // namespace
}  // namespace callgate::review
