// Shared by the tests and fuzz bodies of text: reading from a literal, trees as one line of text, and the promises that
// every tree keeps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "text/node.h"

namespace callgate::text::checks {

struct JsonRead {
  std::unique_ptr<base::SourceFile> file;
  base::Diagnostics diagnostics;
  std::optional<Document> document;
};

inline JsonRead json(std::string_view text, const ReadLimits& limits = {}) {
  JsonRead read{std::make_unique<base::SourceFile>("t.json", std::string(text)), {}, {}};
  read.document = read_json(*read.file, read.diagnostics, limits);
  return read;
}

struct YamlRead {
  std::unique_ptr<base::SourceFile> file;
  base::Diagnostics diagnostics;
  std::optional<std::vector<Document>> documents;
};

inline YamlRead yaml(std::string_view text, const ReadLimits& limits = {}) {
  YamlRead read{std::make_unique<base::SourceFile>("t.yaml", std::string(text)), {}, {}};
  read.documents = read_yaml(*read.file, read.diagnostics, limits);
  return read;
}

// null, true, number and string texts (strings in <>), [a b], {key=a key=b}.
inline std::string shape(const Node& node) {
  switch (node.kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return *node.as_bool() ? "true" : "false";
    case Kind::number:
      return std::string(node.text());
    case Kind::string:
      return "<" + std::string(node.text()) + ">";
    default:
      break;
  }
  const bool is_object = node.is_object();
  std::string out(is_object ? "{" : "[");
  for (const Node child : node) {
    if (out.size() > 1) out += ' ';
    if (is_object) out.append(child.key()).append("=");
    out += shape(child);
  }
  return out + (is_object ? "}" : "]");
}

// The first broken promise, or nothing: places lie in the file and inside their parents, siblings follow each other,
// counts and links agree, a parent comes before its children. Aliases show what stands elsewhere; `has_aliases` turns
// off what cannot hold then.
inline std::string broken_promise(const Document& document, bool has_aliases = false) {
  const std::size_t size = document.file().text().size();
  const auto& nodes = document.nodes();
  std::size_t linked = nodes.empty() ? 0 : 1;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const NodeData& node = nodes[i];
    if (node.begin > node.end || node.end > size) return "a value outside the file";
    if (node.key_begin > node.key_end || node.key_end > size) return "a key outside the file";
    std::uint32_t count = 0, last = node.begin;
    for (std::uint32_t c = node.first_child; c != kNoNode; c = nodes[c].next_sibling, ++count) {
      if (c >= nodes.size() || c <= i || (nodes[c].next_sibling != kNoNode && nodes[c].next_sibling <= c))
        return "a link backwards";
      if (has_aliases) continue;
      const std::uint32_t begin = node.kind == Kind::object ? nodes[c].key_begin : nodes[c].begin;
      if (begin < last || nodes[c].begin < begin || nodes[c].end > node.end) return "a child outside its parent";
      if (nodes[c].key_end > nodes[c].begin) return "a key over its value";
      last = nodes[c].end;
    }
    if (count != node.child_count) return "a wrong count";
    linked += count;
  }
  return linked == nodes.size() ? "" : "a node without parent";
}

// "CG0103 1:4" for each diagnostic, places in characters.
inline std::string findings(const base::Diagnostics& diagnostics) {
  std::string out;
  for (const auto& item : diagnostics.items()) {
    const base::Position at = item.span.file ? item.span.file->position(item.span.begin) : base::Position{0, 0, 0};
    if (!out.empty()) out += ", ";
    out += base::diagnostic_code(item.number) + " " + std::to_string(at.line) + ":" + std::to_string(at.column_chars);
  }
  return out;
}

}  // namespace callgate::text::checks
