// One tree for JSON, YAML and TOML in which every value and every key knows its place. Nodes lie in one array in
// document order (a parent before its children), so building a document costs a few allocations however many values it
// has. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace callgate::text {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
// How a scalar was written; JSON strings are double_quoted, its other scalars plain.
enum class ScalarStyle : std::uint8_t { none, plain, single_quoted, double_quoted, literal, folded };

inline constexpr std::uint32_t kNoNode = 0xffffffff;

struct NodeData {
  Kind kind = Kind::null;
  ScalarStyle style = ScalarStyle::none;
  std::uint32_t begin = 0, end = 0;          // the value's bytes in the source, quotes and brackets included
  std::uint32_t key_begin = 0, key_end = 0;  // the member's key with its quotes; equal where it has none
  std::uint32_t first_child = kNoNode, next_sibling = kNoNode, child_count = 0;
  std::string_view text;  // a scalar's decoded text (a number as written); a view of the source or of the document
  std::string_view key;   // decoded
};

class Document;

// A light handle (document, index). Valid as long as its Document.
class Node {
 public:
  Node() = default;
  Node(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  explicit operator bool() const { return document_ != nullptr && index_ != kNoNode; }

  Kind kind() const;
  ScalarStyle style() const;
  base::Span span() const;
  base::Span key_span() const;
  std::string_view key() const;
  std::string_view text() const;  // scalars
  std::string_view tag() const;   // a YAML tag as resolved ("!reset", "tag:yaml.org,2002:str"); mostly empty
  std::uint32_t size() const;     // children of an array or object
  bool is_object() const { return kind() == Kind::object; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_null() const { return kind() == Kind::null; }

  // The member of that exact name; the last where a name is repeated (what encoding/json and YAML 1.1 readers do).
  Node find(std::string_view name) const;
  std::optional<bool> as_bool() const;
  // An integer written without fraction or exponent that fits; nothing otherwise.
  std::optional<std::uint64_t> as_u64() const;
  std::optional<std::int64_t> as_i64() const;

  class Iterator;
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class Iterator;
  const NodeData& data() const;
  const Document* document_ = nullptr;
  std::uint32_t index_ = kNoNode;
};

class Node::Iterator {
 public:
  using value_type = Node;
  using difference_type = std::ptrdiff_t;
  Iterator() = default;
  Iterator(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  Node operator*() const { return {document_, index_}; }
  Iterator& operator++();
  Iterator operator++(int) {
    auto old = *this;
    ++*this;
    return old;
  }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const Document* document_ = nullptr;
  std::uint32_t index_ = kNoNode;
};

class Document {
 public:
  explicit Document(const base::SourceFile& file) : file_(&file) {}
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;
  Document(const Document&) = delete;  // texts point into kept_
  Document& operator=(const Document&) = delete;
  const base::SourceFile& file() const { return *file_; }
  Node root() const { return nodes_.empty() ? Node() : Node(this, 0); }
  const std::vector<NodeData>& nodes() const { return nodes_; }
  // For readers.
  std::vector<NodeData>& mutable_nodes() { return nodes_; }
  std::string_view keep(std::string text) { return kept_.emplace_front(std::move(text)); }
  // Indices must come in rising order.
  void add_tag(std::uint32_t index, std::string_view tag) { tags_.emplace_back(index, tag); }
  std::string_view tag(std::uint32_t index) const;

 private:
  const base::SourceFile* file_;
  std::vector<NodeData> nodes_;
  std::forward_list<std::string> kept_;                           // decoded texts that are not slices of the source
  std::vector<std::pair<std::uint32_t, std::string_view>> tags_;  // few nodes have one
};

struct ReadLimits {
  std::uint32_t max_depth = 128;
  std::uint32_t max_nodes = 4'000'000;   // after aliases are expanded
  std::uint32_t max_expanded = 250'000;  // nodes that YAML aliases may add
  std::size_t max_bytes = 0xffff'ff00;   // offsets have 32 bits
  // YAML: repeated keys are kept in order and not diagnosed; for readers that must say it in another's words.
  bool keep_repeated_keys = false;
};

// Strict RFC 8259. Nothing if it is not JSON (diagnosed). Duplicate keys are kept in order and diagnosed (a warning).
std::optional<Document> read_json(const base::SourceFile& file, base::Diagnostics& diagnostics,
                                  const ReadLimits& limits = {});
// Every document of a YAML 1.1 stream (none for a file of comments) as libyaml parses it. Aliases are expanded (a span
// is the alias's target); duplicate keys are errors. Plain scalars are resolved by the YAML 1.2 core schema.
std::optional<std::vector<Document>> read_yaml(const base::SourceFile& file, base::Diagnostics& diagnostics,
                                               const ReadLimits& limits = {});
// What go-yaml (gopkg.in/yaml.v3: Docker Compose, Kubernetes' clients) says of a text that is not YAML: "yaml: line 3:
// did not find expected key"; nothing if libyaml, of which it is a port, reads the text.
std::optional<std::string> go_yaml_failure(std::string_view text);
// TOML 1.0 as toml++ parses it; integers in decimal, dates as written. A table that a header opens has the header's
// place. Members stand in alphabetical order, not in the file's.
std::optional<Document> read_toml(const base::SourceFile& file, base::Diagnostics& diagnostics);

inline const NodeData& Node::data() const {
  return document_->nodes()[index_];
}
inline Kind Node::kind() const {
  return data().kind;
}
inline ScalarStyle Node::style() const {
  return data().style;
}
inline base::Span Node::span() const {
  return {&document_->file(), data().begin, data().end};
}
inline base::Span Node::key_span() const {
  return {&document_->file(), data().key_begin, data().key_end};
}
inline std::string_view Node::key() const {
  return data().key;
}
inline std::string_view Node::text() const {
  return data().text;
}
inline std::string_view Node::tag() const {
  return document_->tag(index_);
}
inline std::uint32_t Node::size() const {
  return data().child_count;
}
inline Node::Iterator& Node::Iterator::operator++() {
  index_ = document_->nodes()[index_].next_sibling;
  return *this;
}
inline Node::Iterator Node::begin() const {
  return {document_, data().first_child};
}
inline Node::Iterator Node::end() const {
  return {document_, kNoNode};
}

}  // namespace callgate::text
