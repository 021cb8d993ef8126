// TOML as toml++ parses it, turned into the same tree as JSON and YAML. toml++ tells places as lines and columns,
// columns in characters; here they become offsets. This is the only file that includes its header.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "text/diagnostic_ids.h"
#include "text/node.h"

// One of its assertions claims what a key begins with, though the code behind it tells of keys that begin otherwise: a
// debug build would end where it should say what is wrong.
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace callgate::text {

namespace {

// toml++ limits how deeply values nest, not how many parts a dotted key has; each part is a table in a table, and
// destroying those recurses.
constexpr std::size_t kMaxDots = 32;
constexpr std::size_t kMaxBytes = std::size_t{8} << 20;

// Where a line has more dots outside of quotes than a key may have parts.
std::optional<std::uint32_t> overlong_key(std::string_view text) {
  std::size_t dots = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      dots = 0;
      quote = 0;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == '.' && ++dots > kMaxDots) {
      return static_cast<std::uint32_t>(i);
    }
  }
  return std::nullopt;
}

class TomlTree {
 public:
  explicit TomlTree(Document& document) : document_(document), text_(document.file().text()) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n') starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }

  std::uint32_t offset(const toml::source_position& position) const {
    if (position.line == 0) return 0;
    const std::size_t line = std::min<std::size_t>(position.line, starts_.size()) - 1;
    std::size_t at = starts_[line];
    for (std::uint32_t column = 1; column < position.column && at < text_.size() && text_[at] != '\n'; ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0U) == 0x80U) ++at;
    }
    return static_cast<std::uint32_t>(at);
  }

  std::uint32_t add(const toml::node& node, const toml::key* key);

 private:
  void scalar(const toml::node& node, NodeData& data);

  Document& document_;
  std::string_view text_;
  std::vector<std::uint32_t> starts_;
};

void TomlTree::scalar(const toml::node& node, NodeData& data) {
  data.style = ScalarStyle::plain;
  data.text = text_.substr(data.begin, data.end - data.begin);
  if (const auto* text = node.as_string()) {
    data.kind = Kind::string;
    data.style = data.text.starts_with('\'') ? ScalarStyle::single_quoted : ScalarStyle::double_quoted;
    data.text = document_.keep(text->get());
  } else if (const auto* truth = node.as_boolean()) {
    data.kind = Kind::boolean;
    data.text = truth->get() ? "true" : "false";
  } else if (const auto* integer = node.as_integer()) {
    data.kind = Kind::number;
    data.text = document_.keep(fmt::format("{}", integer->get()));  // 0x1F, 1_000
  } else if (node.is_floating_point()) {
    data.kind = Kind::number;
  } else {
    data.kind = Kind::string;  // dates and times: as written
  }
}

std::uint32_t TomlTree::add(const toml::node& node, const toml::key* key) {
  auto& nodes = document_.mutable_nodes();
  const auto index = static_cast<std::uint32_t>(nodes.size());
  NodeData data;
  data.begin = offset(node.source().begin);
  data.end = std::max(data.begin, offset(node.source().end));
  if (key != nullptr) {
    data.key_begin = offset(key->source().begin);
    data.key_end = std::max(data.key_begin, offset(key->source().end));
    data.key = document_.keep(std::string(key->str()));
  }
  if (!node.is_table() && !node.is_array()) {
    scalar(node, data);
    nodes.push_back(data);
    return index;
  }
  data.kind = node.is_table() ? Kind::object : Kind::array;
  nodes.push_back(data);
  std::uint32_t last = kNoNode, count = 0;
  const auto link = [&](std::uint32_t child) {
    (last == kNoNode ? nodes[index].first_child : nodes[last].next_sibling) = child;
    last = child;
    ++count;
  };
  if (const toml::table* table = node.as_table()) {
    for (auto&& [name, value] : *table) link(add(value, &name));
  } else {
    for (const toml::node& value : *node.as_array()) link(add(value, nullptr));
  }
  nodes[index].child_count = count;
  return index;
}

}  // namespace

std::optional<Document> read_toml(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  if (file.text().size() > kMaxBytes) {
    diagnostics.add(kTomlSize, {&file, 0, 0},
                    fmt::format("the file has {} bytes; at most {} of TOML are read", file.text().size(), kMaxBytes));
    return std::nullopt;
  }
  if (const auto at = overlong_key(file.text())) {
    diagnostics.add(kTomlDepth, {&file, *at, *at + 1},
                    fmt::format("more than {} dots outside of quotes in a line; no key has so many parts", kMaxDots));
    return std::nullopt;
  }
  Document document(file);
  TomlTree tree(document);
  const toml::parse_result result = toml::parse(file.text(), std::string_view(file.name()));
  if (!result) {
    std::string message(result.error().description());
    // toml++ begins its sentences with a capital letter.
    if (message.starts_with("Error while")) message[0] = 'e';
    const std::uint32_t at = tree.offset(result.error().source().begin);
    diagnostics.add(kTomlSyntax, {&file, at, at}, fmt::format("not TOML: {}", message));
    return std::nullopt;
  }
  tree.add(result.table(), nullptr);
  return document;
}

}  // namespace callgate::text
