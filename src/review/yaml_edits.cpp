// A block collection is edited by whole lines, a flow collection (and so JSON) by the bytes between its members.
// SPDX-License-Identifier: Apache-2.0
#include "review/yaml_edits.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace callgate::review {

namespace {

using text::Node;

// A line's text with its place; `end` is behind its line break.
struct Line {
  std::size_t begin, end;
};

Line line_at(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t after = text.find('\n', at);
  return {before == std::string_view::npos ? 0 : before + 1, after == std::string_view::npos ? text.size() : after + 1};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// What may stand behind a value on its line: nothing, or a comment.
bool is_tail(std::string_view text) {
  const std::string_view rest = base::trim(text);
  return rest.empty() || rest.starts_with('#');
}

std::string_view line_break(std::string_view text) {
  const std::size_t at = text.find('\n');
  return at != std::string_view::npos && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

std::string_view text_of(Node node) {
  return node.span().file->text();
}

bool is_member(Node node) {
  return node.key_span().begin != node.key_span().end;
}

std::uint32_t begin_of(Node child) {
  return is_member(child) ? child.key_span().begin : child.span().begin;
}

std::uint32_t end_of(Node child) {
  return is_member(child) ? std::max(child.key_span().end, child.span().end) : child.span().end;
}

// Where the value is an alias its text is elsewhere.
bool stands_in(Node child, Node parent) {
  const base::Span outer = parent.span();
  return child.span().begin >= begin_of(child) && outer.begin <= begin_of(child) && end_of(child) <= outer.end;
}

// The last child, if its text is there.
std::optional<Node> last_of(Node parent) {
  std::optional<Node> out;
  for (const Node each : parent) out = each;
  return out && stands_in(*out, parent) ? out : std::nullopt;
}

lint::Edit edit(std::size_t begin, std::size_t end, std::string text = {}) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), std::move(text)};
}

// What is in front of a block member on its line: spaces, or the dash of the list's element that it begins.
struct Margin {
  std::size_t width = 0;
  bool alone = false;  // spaces only
};
std::optional<Margin> margin_of(Node child) {
  const std::string_view text = text_of(child);
  const std::size_t begin = line_at(text, begin_of(child)).begin;
  const std::string_view before = text.substr(begin, begin_of(child) - begin);
  const std::size_t odd = before.find_first_not_of(" -");
  if (odd != std::string_view::npos) return std::nullopt;
  return Margin{before.size(), before.find('-') == std::string_view::npos};
}

// How much deeper the file indents the members of a member.
std::size_t step_of(const Way& way) {
  for (const Node each : way.front()) {
    if (!each.is_object() || each.size() == 0 || is_flow(each) || !is_member(each)) continue;
    const auto outer = margin_of(each), inner = margin_of(*each.begin());
    if (outer && inner && inner->width > outer->width) return inner->width - outer->width;
  }
  return 2;
}

// A member as it may be written; what is empty cannot be written in that way.
struct Content {
  std::vector<std::string> lines;  // block, as if at the margin
  std::string flow;
};

void write_lines(const NewMember& member, std::size_t indent, std::size_t step, std::vector<std::string>& lines) {
  const std::string margin(indent, ' ');
  if (member.members.empty()) return lines.push_back(margin + member.key + ": " + member.text);
  lines.push_back(margin + member.key + ":");
  for (const NewMember& each : member.members) write_lines(each, indent + step, step, lines);
}

std::string quoted(const std::string& text) {
  return text.starts_with('"') ? text : '"' + text + '"';
}

std::string write_flow(const NewMember& member, bool json) {
  std::string out = (json ? quoted(member.key) : member.key) + ": ";
  if (member.members.empty()) return out + (json ? quoted(member.text) : member.text);
  out += '{';
  for (const NewMember& each : member.members)
    out += (&each == &member.members.front() ? "" : ", ") + write_flow(each, json);
  return out + '}';
}

// Of a flow collection, behind its anchor.
std::size_t bracket_of(Node node) {
  return text_of(node).find_first_of("{[", node.span().begin);
}

// An edit that puts `content` behind the flow mapping's last member.
Edits put_into_flow(Node object, const Content& content) {
  if (content.flow.empty()) return std::nullopt;
  const std::string_view text = text_of(object);
  if (object.size() == 0) {
    const std::size_t open = bracket_of(object), close = object.span().end - 1;
    if (!is_blank(text.substr(open + 1, close - open - 1))) return std::nullopt;
    return std::vector{edit(open + 1, close, content.flow)};
  }
  const auto last = last_of(object);
  if (!last) return std::nullopt;
  const auto margin = margin_of(*last);
  std::string before = ", ";
  if (margin && margin->alone) before = "," + std::string(line_break(text)) + std::string(margin->width, ' ');
  return std::vector{edit(end_of(*last), end_of(*last), before + content.flow)};
}

std::string joined(const Content& content, std::size_t indent, std::string_view eol) {
  std::string out;
  for (const std::string& each : content.lines)
    out += (is_blank(each) ? std::string() : std::string(indent, ' ')) + each + std::string(eol);
  return out;
}

// Lines put in at the end of the line at `at`.
Edits put_below(std::string_view text, std::size_t at, const Content& content, std::size_t indent) {
  const std::string_view eol = line_break(text);
  const Line line = line_at(text, at);
  if (!is_tail(text.substr(at, line.end - at))) return std::nullopt;
  std::string lines = joined(content, indent, eol);
  if (line.end > line.begin && text[line.end - 1] == '\n')
    return std::vector{edit(line.end, line.end, std::move(lines))};
  lines.resize(lines.size() - eol.size());
  return std::vector{edit(line.end, line.end, std::string(eol) + lines)};
}

// Comments with a line to themselves and the member's own margin are about the member below them.
std::size_t above_comments(std::string_view text, std::size_t line, std::size_t margin) {
  while (line > 0) {
    const Line before = line_at(text, line - 1);
    const std::string_view comment = text.substr(before.begin, before.end - before.begin);
    if (comment.find_first_not_of(' ') != margin || comment[margin] != '#') break;
    line = before.begin;
  }
  return line;
}

// Trailing blank lines belong to such a text.
bool keeps_blank_lines(Node node) {
  if (node.is_object() || node.is_array()) {
    if (node.size() == 0 || is_flow(node)) return false;
    const auto last = last_of(node);
    return last && keeps_blank_lines(*last);
  }
  if (node.style() != text::ScalarStyle::literal && node.style() != text::ScalarStyle::folded) return false;
  const std::string_view text = node.span().text();
  return text.substr(0, text.find('\n')).find('+') != std::string_view::npos;
}

Edits put_into_block(Node object, const Content& content, Where where) {
  if (content.lines.empty()) return std::nullopt;
  const std::string_view text = text_of(object);
  const Node first = *object.begin();
  const auto margin = margin_of(first);
  if (!margin) return std::nullopt;
  if (where == Where::first && margin->alone) {
    const std::size_t at = above_comments(text, line_at(text, begin_of(first)).begin, margin->width);
    return std::vector{edit(at, at, joined(content, margin->width, line_break(text)))};
  }
  const auto last = last_of(object);
  if (!last || keeps_blank_lines(*last)) return std::nullopt;
  return put_below(text, end_of(*last), content, margin->width);
}

Edits put(const Way& way, const Content& content, Where where) {
  if (!is_editable(way)) return std::nullopt;
  const Node node = way.back();
  if (node.is_object())
    return is_flow(node) || node.size() == 0 ? put_into_flow(node, content) : put_into_block(node, content, where);
  if (!node.is_null() || !is_member(node)) return std::nullopt;
  const base::Span span = node.span();
  if (span.begin != span.end) {
    if (content.flow.empty()) return std::nullopt;
    return std::vector{edit(span.begin, span.end, "{" + content.flow + "}")};
  }
  const auto margin = margin_of(node);
  if (content.lines.empty() || !margin) return std::nullopt;
  return put_below(text_of(node), span.end, content, margin->width + step_of(way));
}

bool is_json(const Way& way) {
  return way.front().span().text().starts_with('{') || way.front().span().text().starts_with('[');
}

// The siblings around the way's end.
struct Around {
  std::optional<Node> before, after;
};
Around around(const Way& way) {
  Around out;
  bool passed = false;
  for (const Node each : way[way.size() - 2]) {
    if (begin_of(each) == begin_of(way.back())) {
      passed = true;
    } else if (!passed) {
      out.before = each;
    } else if (!out.after) {
      out.after = each;
    }
  }
  return out;
}

// Nothing but a comma and space lies between two members.
bool only_comma(std::string_view text) {
  return text.find_first_not_of(" \t\r\n,") == std::string_view::npos;
}

Edits remove_from_flow(const Way& way) {
  const Around beside = around(way);
  const std::string_view text = text_of(way.back());
  const std::size_t begin = begin_of(way.back()), end = end_of(way.back());
  if (beside.after) {
    if (!only_comma(text.substr(end, begin_of(*beside.after) - end))) return std::nullopt;
    return std::vector{edit(begin, begin_of(*beside.after))};
  }
  if (beside.before) {
    if (!stands_in(*beside.before, way[way.size() - 2])) return std::nullopt;
    const std::size_t from = end_of(*beside.before);
    if (!only_comma(text.substr(from, begin - from))) return std::nullopt;
    return std::vector{edit(from, end)};
  }
  const std::size_t open = bracket_of(way[way.size() - 2]), close = way[way.size() - 2].span().end - 1;
  if (!is_blank(text.substr(open + 1, begin - open - 1)) || !is_blank(text.substr(end, close - end)))
    return std::nullopt;
  return std::vector{edit(open + 1, close)};
}

// The element's dash, or the member's key.
std::optional<std::size_t> block_begin(Node child) {
  const std::string_view text = text_of(child);
  const std::size_t begin = begin_of(child);
  if (is_member(child)) return begin;
  const std::size_t dash = text.find_last_not_of(' ', begin - 1);
  if (begin == 0 || dash == std::string_view::npos || text[dash] != '-') return std::nullopt;
  return dash;
}

Edits remove_from_block(const Way& way) {
  const Node child = way.back(), parent = way[way.size() - 2];
  if (parent.size() == 1 && !is_member(parent)) return std::nullopt;
  const std::string_view text = text_of(child);
  const auto begin = block_begin(child);
  if (!begin) return std::nullopt;
  const Line first = line_at(text, *begin), last = line_at(text, end_of(child));
  if (!is_tail(text.substr(end_of(child), last.end - end_of(child)))) return std::nullopt;
  const std::string_view margin = text.substr(first.begin, *begin - first.begin);
  if (is_blank(margin)) return std::vector{edit(first.begin, last.end)};
  // The first member of a list's element: the next one takes its place behind the dash.
  const auto after = around(way).after;
  if (!after || !is_member(child) || margin.find_first_not_of(" -") != std::string_view::npos) return std::nullopt;
  const std::size_t next = begin_of(*after);
  if (text.substr(*begin, next - *begin).find('#') != std::string_view::npos) return std::nullopt;
  return std::vector{edit(*begin, next)};
}

// A member with all of its lines, as if at the margin.
std::vector<std::string> lines_of(Node member) {
  const std::string_view text = text_of(member);
  const auto margin = margin_of(member);
  if (!margin || !margin->alone) return {};
  const std::size_t begin = line_at(text, begin_of(member)).begin, end = line_at(text, end_of(member)).end;
  std::vector<std::string> out;
  for (std::string_view each : base::split(text.substr(begin, end - begin), '\n')) {
    if (each.ends_with('\r')) each.remove_suffix(1);
    each.remove_prefix(std::min(std::min(each.find_first_not_of(' '), each.size()), margin->width));
    out.emplace_back(each);
  }
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

// The tree as it may be written anew in one line; nothing where a comment would be lost, or a list.
std::optional<NewMember> as_new(Node node) {
  NewMember out{std::string(node.key_span().text()), std::string(node.span().text()), {}};
  if (node.is_array() || out.text.empty() || out.text.find('#') != std::string::npos) return std::nullopt;
  if (!node.is_object())
    return out.text.find_first_of("\r\n,[]{}") == std::string::npos ? std::optional(std::move(out)) : std::nullopt;
  out.text.clear();
  for (const Node each : node) {
    auto member = as_new(each);
    if (!member) return std::nullopt;
    out.members.push_back(std::move(*member));
  }
  return out.members.empty() ? std::nullopt : std::optional(std::move(out));
}

Content content_of(const Way& way, const Way& target) {
  Content out;
  const Node member = way.back();
  const bool from_flow = is_flow(way[way.size() - 2]);
  const std::string_view text = text_of(member);
  const std::string_view whole = text.substr(begin_of(member), end_of(member) - begin_of(member));
  const bool one_line = whole.find('\n') == std::string_view::npos;
  if (from_flow) {
    out.flow = whole;
    if (one_line) out.lines.emplace_back(whole);
    return out;
  }
  out.lines = lines_of(member);
  const std::string_view tail = text.substr(end_of(member), line_at(text, end_of(member)).end - end_of(member));
  if (const auto fresh = as_new(member); fresh && is_blank(tail)) {
    out.flow = write_flow(*fresh, is_json(target));
    if (out.lines.empty()) write_lines(*fresh, 0, step_of(target), out.lines);
  }
  return out;
}

}  // namespace

Edits remove(const Way& way) {
  if (way.size() < 2 || !is_editable(way)) return std::nullopt;
  const Node parent = way[way.size() - 2];
  if (parent.size() == 1 && is_member(parent) && way.size() > 2) {
    const Way outer(way.begin(), std::prev(way.end()));
    return is_flow(way[way.size() - 3]) ? remove_from_flow(outer) : remove_from_block(outer);
  }
  return is_flow(parent) ? remove_from_flow(way) : remove_from_block(way);
}

Edits insert(const Way& way, const NewMember& member, Where where) {
  if (way.empty()) return std::nullopt;
  Content content;
  write_lines(member, 0, step_of(way), content.lines);
  content.flow = write_flow(member, is_json(way));
  return put(way, content, where);
}

Edits move(const Way& way, const Way& target, Where where, std::string_view wrapper) {
  if (target.empty() || !is_member(way.back())) return std::nullopt;
  if (target.size() >= way.size() && begin_of(target[way.size() - 1]) == begin_of(way.back())) return std::nullopt;
  auto out = remove(way);
  if (!out) return std::nullopt;
  Content content = content_of(way, target);
  if (!wrapper.empty()) {
    const std::string key(wrapper);
    if (!content.lines.empty()) {
      for (std::string& each : content.lines)
        if (!is_blank(each)) each.insert(0, step_of(target), ' ');
      content.lines.insert(content.lines.begin(), key + ":");
    }
    if (!content.flow.empty()) content.flow = (is_json(target) ? quoted(key) : key) + ": {" + content.flow + "}";
  }
  auto placed = put(target, content, where);
  if (!placed) return std::nullopt;
  lint::Edit &gone = out->front(), &fresh = placed->front();
  if (fresh.begin < gone.end && fresh.end > gone.begin) return std::nullopt;
  if (fresh.begin == gone.begin)
    gone.text = std::move(fresh.text);
  else
    out->push_back(std::move(fresh));
  return out;
}

}  // namespace callgate::review
