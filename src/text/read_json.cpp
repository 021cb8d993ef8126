// The fast JSON reader: json_places.h finds the place of every bracket, comma, colon, string and bare word, and the
// walk over those places checks what is left to check and fills the tree. Any refusal is explained by scan_json. See
// docs/adr/0002-json-over-simdjson.md.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/diagnostic_ids.h"
#include "text/json_places.h"
#include "text/json_scan.h"
#include "text/json_token.h"
#include "text/node.h"
#include "text/repeats.h"

namespace callgate::text {
namespace {

// Walks the places. After the last place stands the text's length (and the text's final NUL there),
// so looking one place ahead is always possible.
class TreeWalk {
 public:
  TreeWalk(const JsonPlaces& found, Document& document, const ReadLimits& limits)
      : places_(found.places.get()),
        count_(found.count),
        text_(document.file().text()),
        document_(document),
        nodes_(document.mutable_nodes()),
        limits_(limits),
        has_escapes_(text_.find('\\') != std::string_view::npos) {}

  // False if the text is not JSON or exceeds a limit.
  bool run();
  const std::vector<Repeat>& repeats() const { return repeats_; }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child;
    std::uint32_t child_count;
    bool is_object;
  };

  char here() const { return text_.data()[places_[at_]]; }
  bool read_value();
  void read_names();
  bool read_key();
  bool read_scalar(NodeData& node);
  bool finish_values();
  bool open_container();
  void close_container();
  std::uint32_t token_end(std::uint32_t place) const;
  bool read_string(std::uint32_t begin, std::uint32_t end, std::string_view& decoded);
  NodeData& add_node();

  const std::uint32_t* places_;
  std::uint32_t count_;
  std::uint32_t at_ = 0;
  std::string_view text_;
  Document& document_;
  std::vector<NodeData>& nodes_;
  const ReadLimits& limits_;
  bool has_escapes_;
  std::vector<Open> open_;
  std::vector<Repeat> repeats_;
  std::uint32_t key_begin_ = 0, key_end_ = 0;
  std::string_view key_;
};

// A string or bare word reaches to the next place but for the white space between; what else it may hold is for the
// caller to refuse.
std::uint32_t TreeWalk::token_end(std::uint32_t place) const {
  std::uint32_t end = places_[place + 1];
  while (end > places_[place] && is_json_space(text_[end - 1])) --end;
  return end;
}

bool TreeWalk::read_string(std::uint32_t begin, std::uint32_t end, std::string_view& decoded) {
  if (end - begin < 2 || text_[end - 1] != '"') return false;
  const std::string_view inner(text_.data() + begin + 1, end - begin - 2);
  if (!has_escapes_ || inner.find('\\') == std::string_view::npos) {
    decoded = inner;
    return true;
  }
  auto text = decode_json_string(inner);
  if (!text) return false;
  decoded = document_.keep(*std::move(text));
  return true;
}

bool TreeWalk::read_key() {
  if (here() != '"' || text_.data()[places_[at_ + 1]] != ':') return false;
  key_begin_ = places_[at_];
  key_end_ = token_end(at_);
  at_ += 2;
  return read_string(key_begin_, key_end_, key_);
}

NodeData& TreeWalk::add_node() {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  NodeData& node = nodes_.emplace_back();
  node.begin = places_[at_];
  if (open_.empty()) return node;
  Open& parent = open_.back();
  if (parent.is_object) {
    node.key_begin = key_begin_;
    node.key_end = key_end_;
    node.key = key_;
  }
  if (parent.last_child != kNoNode) nodes_[parent.last_child].next_sibling = index;
  parent.last_child = index;
  ++parent.child_count;
  return node;
}

bool TreeWalk::read_scalar(NodeData& node) {
  node.end = token_end(at_++);
  if (text_.data()[node.begin] == '"') {
    node.kind = Kind::string;
    node.style = ScalarStyle::double_quoted;
    return read_string(node.begin, node.end, node.text);
  }
  node.style = ScalarStyle::plain;
  node.text = text_.substr(node.begin, node.end - node.begin);
  if (node.text == "true" || node.text == "false") {
    node.kind = Kind::boolean;
    return true;
  }
  if (node.text == "null") return true;
  node.kind = Kind::number;
  return !node.text.empty() && json_number_length(node.text) == node.text.size();
}

bool TreeWalk::open_container() {
  const bool is_object = here() == '{';
  NodeData& node = add_node();
  node.kind = is_object ? Kind::object : Kind::array;
  if (open_.size() >= limits_.max_depth) return false;
  open_.push_back({static_cast<std::uint32_t>(nodes_.size() - 1), kNoNode, 0, is_object});
  ++at_;
  return true;
}

void TreeWalk::close_container() {
  const Open closed = open_.back();
  open_.pop_back();
  NodeData& node = nodes_[closed.node];
  node.end = places_[at_++] + 1;
  node.child_count = closed.child_count;
  if (closed.child_count > 0) node.first_child = closed.node + 1;
  if (closed.is_object && node.child_count > 1) find_repeats(nodes_, node, repeats_);
}

// Profiles are mostly lists of names, so plain strings with a comma behind have a loop of their own. What follows the
// comma can only be the next sibling, so the link to it is known. Anything unusual is left to read_value.
void TreeWalk::read_names() {
  if (open_.empty() || open_.back().is_object) return;
  Open& parent = open_.back();
  const char* const text = text_.data();
  auto index = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t first = index;
  if (text[places_[at_]] == '"' && parent.last_child != kNoNode) nodes_[parent.last_child].next_sibling = index;
  for (; index < limits_.max_nodes; ++index, at_ += 2) {
    const std::uint32_t begin = places_[at_], end = places_[at_ + 1];
    if (text[begin] != '"' || text[end] != ',' || text[end - 1] != '"' || end - begin < 2) break;
    const std::string_view inner(text + begin + 1, end - begin - 2);
    if (has_escapes_ && inner.find('\\') != std::string_view::npos) break;
    nodes_.push_back({.kind = Kind::string,
                      .style = ScalarStyle::double_quoted,
                      .begin = begin,
                      .end = end,
                      .next_sibling = index + 1,
                      .text = inner,
                      .key = {}});
  }
  if (index == first) return;
  parent.child_count += index - first;
  parent.last_child = index - 1;
}

bool TreeWalk::read_value() {
  read_names();
  if (nodes_.size() >= limits_.max_nodes) return false;
  const char c = here();
  if (c != '{' && c != '[') return read_scalar(add_node()) && finish_values();
  if (!open_container()) return false;
  if (here() != (c == '{' ? '}' : ']')) return c == '[' || read_key();
  close_container();
  return finish_values();
}

// After a complete value: closes what ends here and stops before the next value or at the end of the outermost one.
bool TreeWalk::finish_values() {
  while (!open_.empty()) {
    const bool is_object = open_.back().is_object;
    const char c = here();
    if (c == ',') {
      ++at_;
      return !is_object || read_key();
    }
    if (c != (is_object ? '}' : ']')) return false;
    close_container();
  }
  return true;
}

bool TreeWalk::run() {
  // Every value but the outermost has a comma or closing bracket of its own.
  nodes_.reserve(std::min<std::size_t>((std::size_t{count_} + 1) / 2, limits_.max_nodes));
  open_.reserve(16);
  do {
    if (!read_value()) return false;
  } while (!open_.empty());
  return at_ == count_;
}

}  // namespace

std::optional<Document> read_json(const base::SourceFile& file, base::Diagnostics& diagnostics,
                                  const ReadLimits& limits) {
  // The first stage needs four bytes a place; a large text is first shown to be within the limits.
  constexpr std::size_t kLarge = std::size_t{1} << 20;
  const std::string_view text = file.text();
  const bool already_scanned = text.size() > std::min(kLarge, limits.max_bytes);
  if (already_scanned && !scan_json(file, diagnostics, limits)) return std::nullopt;

  Document document(file);
  if (const auto places = find_json_places(text)) {
    TreeWalk walk(*places, document, limits);
    if (walk.run()) {
      if (!walk.repeats().empty()) {
        report_repeats(document, walk.repeats(), kJsonDuplicateKey,
                       "remove one of the two: engines take the last one and ignore the others", diagnostics);
      }
      return document;
    }
  }
  if (already_scanned || scan_json(file, diagnostics, limits))
    diagnostics.add(kJsonUnexpected, {&file, 0, 0}, "the JSON readers disagree about this file", "report this file");
  return std::nullopt;
}

}  // namespace callgate::text
