// YAML by libyaml's events. libyaml's marks count characters, so places are converted to bytes; it ends a block
// collection where the next token begins, so such a collection is ended with its last child instead. Aliases become
// copies of what they name, within a limit.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "text/diagnostic_ids.h"
#include "text/node.h"
#include "text/repeats.h"
#include "text/yaml_schema.h"

namespace callgate::text {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view view(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

// Character counts to byte offsets. Marks mostly grow, so walking from the last answer is short.
class MarkPlaces {
 public:
  MarkPlaces(std::string_view text, std::size_t first_byte) : text_(text), first_(first_byte), byte_(first_byte) {
    is_ascii_ = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first_byte), text.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  }
  std::uint32_t byte_at(const yaml_mark_t& mark) {
    if (is_ascii_) return static_cast<std::uint32_t>(std::min(first_ + mark.index, text_.size()));
    for (; character_ < mark.index && byte_ < text_.size(); ++character_) do
        ++byte_;
      while (is_tail(byte_));
    for (; character_ > mark.index && byte_ > first_; --character_) do
        --byte_;
      while (is_tail(byte_));
    return static_cast<std::uint32_t>(byte_);
  }

 private:
  bool is_tail(std::size_t at) const {
    return at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0U) == 0x80U;
  }
  std::string_view text_;
  std::size_t first_, byte_, character_ = 0;
  bool is_ascii_ = true;
};

class Parser {
 public:
  explicit Parser(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    if (!ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  bool next(yaml_event_t& event) { return ready_ && yaml_parser_parse(&parser_, &event) == 1; }
  const yaml_parser_t& state() const { return parser_; }

 private:
  yaml_parser_t parser_{};
  bool ready_ = false;
};

struct Event : yaml_event_t {
  Event() : yaml_event_t{} {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(this); }
};

ScalarStyle style_of(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
      return ScalarStyle::single_quoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      return ScalarStyle::double_quoted;
    case YAML_LITERAL_SCALAR_STYLE:
      return ScalarStyle::literal;
    case YAML_FOLDED_SCALAR_STYLE:
      return ScalarStyle::folded;
    default:
      return ScalarStyle::plain;
  }
}

class StreamReader {
 public:
  StreamReader(const base::SourceFile& file, base::Diagnostics& diagnostics, const ReadLimits& limits)
      : file_(file),
        text_(file.text()),
        first_(text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0),
        parser_(text_.substr(first_)),
        places_(text_, first_),
        diagnostics_(diagnostics),
        limits_(limits) {}

  bool run();
  std::vector<Document> take() { return std::move(documents_); }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child = kNoNode;
    std::uint32_t height = 1;  // levels from here down to the deepest value
    bool is_flow = false;
    bool is_object = false;
    bool has_key = false;
    NodeData key{};  // the waiting key as a scalar of its own
    std::string anchor{};
  };
  // What &name marks: the nodes [first, first + count), or a key.
  struct Anchor {
    std::uint32_t first = 0, count = 0, height = 0;
    bool is_open = false;
    std::optional<NodeData> key{};
    base::Span span{};
  };

  bool node_event(const Event& event);
  bool on_scalar(const Event& event);
  bool on_alias(const Event& event);
  bool on_open(const Event& event, Kind kind);
  bool on_close(const Event& event);
  bool paste(const Anchor& anchor, base::Span at);
  bool scalar(const Event& event, NodeData& node);
  bool wants_key() const;
  bool set_key(const NodeData& key, std::uint32_t begin, std::uint32_t end);
  bool add(const NodeData& value, base::Span at, std::uint32_t& index);
  bool apply_tag(std::string_view tag, NodeData& node, base::Span at);
  std::string_view text_of(const Event& event, std::uint32_t begin, std::uint32_t end);
  void end_document();
  bool syntax_error();
  bool fail(const base::DiagnosticId& id, base::Span at, std::string message, std::string help = {});
  base::Span span(const Event& event);
  Document& document() { return documents_.back(); }
  std::vector<NodeData>& nodes() { return documents_.back().mutable_nodes(); }

  const base::SourceFile& file_;
  std::string_view text_;
  std::size_t first_;
  Parser parser_;
  MarkPlaces places_;
  base::Diagnostics& diagnostics_;
  const ReadLimits& limits_;
  std::vector<Document> documents_;
  std::vector<Open> open_;
  std::vector<Repeat> repeats_;
  std::unordered_map<std::string, Anchor> anchors_;
  std::size_t total_nodes_ = 0, expanded_nodes_ = 0;
  std::uint32_t last_end_ = 0;  // of the last scalar, alias or flow collection
  bool ok_ = true;
};

bool StreamReader::fail(const base::DiagnosticId& id, base::Span at, std::string message, std::string help) {
  diagnostics_.add(id, at, std::move(message), std::move(help));
  return ok_ = false;
}

base::Span StreamReader::span(const Event& event) {
  const std::uint32_t begin = places_.byte_at(event.start_mark);
  return {&file_, begin, std::max(begin, places_.byte_at(event.end_mark))};
}

bool StreamReader::wants_key() const {
  return !open_.empty() && open_.back().is_object && !open_.back().has_key;
}

// A view of the source where the value stands there as it is, otherwise a copy that the document keeps.
std::string_view StreamReader::text_of(const Event& event, std::uint32_t begin, std::uint32_t end) {
  const std::string_view value(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
  std::string_view source = text_.substr(begin, end - begin);
  const yaml_scalar_style_t style = event.data.scalar.style;
  const bool is_quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
  if (is_quoted && !source.empty()) source.remove_suffix(1);
  if (source.ends_with(value)) return source.substr(source.size() - value.size());
  return document().keep(std::string(value));
}

bool StreamReader::apply_tag(std::string_view tag, NodeData& node, base::Span at) {
  if (tag.empty()) return true;
  const auto kind = resolve_tagged(tag, node.kind, node.text);
  if (!kind) {
    const std::string_view name = tag.substr(kYamlTagPrefix.size());
    return fail(kYamlTag, at, fmt::format("'{}' is no !!{}", base::printable(node.text), name), "remove the tag");
  }
  node.kind = *kind;
  return true;
}

bool StreamReader::scalar(const Event& event, NodeData& node) {
  base::Span at = span(event);
  node.style = style_of(event.data.scalar.style);
  const bool is_block = node.style == ScalarStyle::literal || node.style == ScalarStyle::folded;
  if (is_block) {  // libyaml counts the blank lines after it
    const std::string_view whole = at.text();
    const std::size_t last = whole.find_last_not_of(" \t\r\n");
    if (last != std::string_view::npos) at.end = at.begin + static_cast<std::uint32_t>(last) + 1;
  }
  node.begin = at.begin;
  node.end = at.end;
  node.text = text_of(event, at.begin, at.end);
  node.kind = node.style == ScalarStyle::plain ? resolve_plain(node.text) : Kind::string;
  last_end_ = at.end;
  return apply_tag(view(event.data.scalar.tag), node, at);
}

bool StreamReader::set_key(const NodeData& key, std::uint32_t begin, std::uint32_t end) {
  Open& open = open_.back();
  open.key = key;
  open.key.begin = begin;
  open.key.end = end;
  open.has_key = true;
  return true;
}

// Adds `value` as the next child of what is open.
bool StreamReader::add(const NodeData& value, base::Span at, std::uint32_t& index) {
  if (++total_nodes_ > limits_.max_nodes)
    return fail(kYamlNodes, at, fmt::format("more than {} values", limits_.max_nodes));
  index = static_cast<std::uint32_t>(nodes().size());
  NodeData& node = nodes().emplace_back(value);
  node.next_sibling = kNoNode;
  node.key_begin = node.key_end = 0;
  node.key = {};
  if (open_.empty()) return true;
  Open& parent = open_.back();
  if (parent.has_key) {
    node.key_begin = parent.key.begin;
    node.key_end = parent.key.end;
    node.key = parent.key.text;
    parent.has_key = false;
  }
  if (parent.last_child != kNoNode)
    nodes()[parent.last_child].next_sibling = index;
  else
    nodes()[parent.node].first_child = index;
  parent.last_child = index;
  ++nodes()[parent.node].child_count;
  return true;
}

bool StreamReader::on_scalar(const Event& event) {
  NodeData node;
  if (!scalar(event, node)) return false;
  const base::Span at{&file_, node.begin, node.end};
  const std::string anchor(view(event.data.scalar.anchor));
  if (wants_key()) {
    if (!anchor.empty()) anchors_[anchor] = {.key = node, .span = at};
    return set_key(node, node.begin, node.end);
  }
  std::uint32_t index = 0;
  if (!add(node, at, index)) return false;
  if (event.data.scalar.tag) document().add_tag(index, document().keep(std::string(view(event.data.scalar.tag))));
  if (!anchor.empty()) anchors_[anchor] = {.first = index, .count = 1, .span = at};
  return true;
}

bool StreamReader::on_alias(const Event& event) {
  const base::Span at = span(event);
  const std::string name(view(event.data.alias.anchor));
  const auto found = anchors_.find(name);
  last_end_ = at.end;
  if (found == anchors_.end())
    return fail(kYamlUnknownAlias, at, fmt::format("no anchor '&{}' before '*{}'", name, name),
                "quote the value if it is meant to begin with '*'");
  const Anchor& anchor = found->second;
  if (anchor.is_open) return fail(kYamlLoop, at, fmt::format("'*{}' stands inside the value it names", name));
  if (!wants_key()) return paste(anchor, at);
  const NodeData& key = anchor.key ? *anchor.key : nodes()[anchor.first];
  if (key.kind == Kind::object || key.kind == Kind::array)
    return fail(kYamlKey, at, fmt::format("'*{}' is no scalar and cannot be a key", name));
  return set_key(key, at.begin, at.end);
}

// A copy of the anchor's nodes; links inside it move by the distance between the two.
bool StreamReader::paste(const Anchor& anchor, base::Span at) {
  std::uint32_t index = 0;
  if (anchor.key) return add(*anchor.key, at, index);
  if (open_.size() + anchor.height > limits_.max_depth)
    return fail(kYamlDepth, at, fmt::format("nested more than {} levels deep", limits_.max_depth));
  if (!open_.empty()) open_.back().height = std::max(open_.back().height, anchor.height + 1);
  expanded_nodes_ += anchor.count;
  if (expanded_nodes_ > limits_.max_expanded)
    return fail(kYamlExpansion, at, fmt::format("aliases add more than {} values", limits_.max_expanded));
  if (total_nodes_ + anchor.count > limits_.max_nodes)
    return fail(kYamlNodes, at, fmt::format("more than {} values", limits_.max_nodes));
  const NodeData top = nodes()[anchor.first];
  if (!add(top, at, index)) return false;
  const std::uint32_t distance = index - anchor.first;
  const auto moved = [distance](std::uint32_t link) { return link == kNoNode ? kNoNode : link + distance; };
  nodes()[index].first_child = moved(top.first_child);
  for (std::uint32_t i = 1; i < anchor.count; ++i) {
    NodeData copy = nodes()[anchor.first + i];
    copy.first_child = moved(copy.first_child);
    copy.next_sibling = moved(copy.next_sibling);
    nodes().push_back(copy);
  }
  for (std::uint32_t i = 0; i < anchor.count; ++i)
    if (const std::string_view tag = document().tag(anchor.first + i); !tag.empty()) document().add_tag(index + i, tag);
  total_nodes_ += anchor.count - 1;
  return true;
}

bool StreamReader::on_open(const Event& event, Kind kind) {
  const bool is_object = kind == Kind::object;
  const auto* anchor = is_object ? event.data.mapping_start.anchor : event.data.sequence_start.anchor;
  const auto* tag = is_object ? event.data.mapping_start.tag : event.data.sequence_start.tag;
  base::Span at = span(event);
  if (wants_key())
    return fail(kYamlKey, at, is_object ? "a mapping as a key" : "a list as a key",
                "keys are scalars; quote '{{ }}' templates");
  if (open_.size() >= limits_.max_depth)
    return fail(kYamlDepth, at, fmt::format("nested more than {} levels deep", limits_.max_depth));
  NodeData node;
  node.kind = kind;
  node.begin = node.end = at.begin;
  std::uint32_t index = 0;
  if (!apply_tag(view(tag), node, at) || !add(node, at, index)) return false;
  if (tag) document().add_tag(index, document().keep(std::string(view(tag))));
  const bool is_flow = is_object ? event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                                 : event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
  last_end_ = std::max(last_end_, at.begin);
  open_.push_back({.node = index, .is_flow = is_flow, .is_object = is_object, .anchor = std::string(view(anchor))});
  if (anchor) anchors_[open_.back().anchor] = {.first = index, .is_open = true, .span = at};
  return true;
}

bool StreamReader::on_close(const Event& event) {
  const Open closed = std::move(open_.back());
  open_.pop_back();
  if (closed.is_flow) last_end_ = span(event).end;
  NodeData& node = nodes()[closed.node];
  node.end = std::max(node.begin, last_end_);
  if (node.kind == Kind::object && node.child_count > 1 && !limits_.keep_repeated_keys)
    find_repeats(nodes(), node, repeats_);
  if (!open_.empty()) open_.back().height = std::max(open_.back().height, closed.height + 1);
  if (closed.anchor.empty()) return true;
  // A value inside may have taken the name since; the later in the file has it.
  Anchor& anchor = anchors_[closed.anchor];
  if (anchor.first != closed.node || !anchor.is_open) return true;
  anchor.count = static_cast<std::uint32_t>(nodes().size()) - closed.node;
  anchor.height = closed.height;
  anchor.is_open = false;
  return true;
}

void StreamReader::end_document() {
  if (!repeats_.empty()) {
    ok_ = false;
    report_repeats(document(), std::exchange(repeats_, {}), kYamlDuplicateKey, "remove one of the two", diagnostics_);
  }
  anchors_.clear();
}

bool StreamReader::node_event(const Event& event) {
  switch (event.type) {
    case YAML_SCALAR_EVENT:
      return on_scalar(event);
    case YAML_ALIAS_EVENT:
      return on_alias(event);
    case YAML_MAPPING_START_EVENT:
      return on_open(event, Kind::object);
    case YAML_SEQUENCE_START_EVENT:
      return on_open(event, Kind::array);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      return on_close(event);
    default:
      return true;
  }
}

// libyaml's own words, its place, and help for the commonest cause.
bool StreamReader::syntax_error() {
  const yaml_parser_t& parser = parser_.state();
  const auto size = static_cast<std::uint32_t>(text_.size());
  const std::string problem = parser.problem ? parser.problem : "not enough memory";
  if (parser.error == YAML_READER_ERROR) {
    const auto at = std::min(size, static_cast<std::uint32_t>(first_ + parser.problem_offset));
    return fail(kYamlCharacter, {&file_, at, std::min(size, at + 1)}, problem, "save the file as UTF-8 text");
  }
  const std::uint32_t at = places_.byte_at(parser.problem_mark);
  std::string help;
  if (at < size && text_[at] == '\t') help = "indent with spaces, not tabs";
  if (at < size && (text_[at] == '@' || text_[at] == '`' || text_[at] == '%')) help = "quote the value";
  return fail(kYamlSyntax, {&file_, at, std::min(size, at + 1)}, problem, std::move(help));
}

bool StreamReader::run() {
  if (text_.size() > limits_.max_bytes)
    return fail(kYamlSize, {&file_, 0, 0},
                fmt::format("the file has {} bytes, the limit is {}", text_.size(), limits_.max_bytes));
  for (;;) {
    Event event;
    if (!parser_.next(event)) return syntax_error();
    if (event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT) return ok_;
    if (event.type == YAML_DOCUMENT_START_EVENT) documents_.emplace_back(file_);
    if (event.type == YAML_DOCUMENT_END_EVENT) end_document();
    if (!node_event(event)) return false;
  }
}

// go-yaml's parser.fail(): the line of the context, if it is not the first, else that of the problem; a scanner counts
// from 0.
std::string go_words(const yaml_parser_t& parser) {
  const std::string problem = parser.problem ? parser.problem : "unknown problem parsing YAML content";
  std::size_t line = parser.context_mark.line != 0 ? parser.context_mark.line : parser.problem_mark.line;
  if (line == 0 || parser.error == YAML_READER_ERROR) return "yaml: " + problem;
  if (parser.error == YAML_SCANNER_ERROR) ++line;
  return fmt::format("yaml: line {}: {}", line, problem);
}

}  // namespace

std::optional<std::string> go_yaml_failure(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser(text);
  for (;;) {
    Event event;
    if (!parser.next(event)) return go_words(parser.state());
    if (event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT) return std::nullopt;
  }
}

std::optional<std::vector<Document>> read_yaml(const base::SourceFile& file, base::Diagnostics& diagnostics,
                                               const ReadLimits& limits) {
  StreamReader reader(file, diagnostics, limits);
  if (!reader.run()) return std::nullopt;
  return reader.take();
}

}  // namespace callgate::text
