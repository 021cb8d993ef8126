// SPDX-License-Identifier: Apache-2.0
#include "review/yaml_place.h"

#include <algorithm>
#include <string>
#include <utility>

namespace callgate::review {

namespace {

bool has_key(text::Node node) {
  return node.key_span().begin != node.key_span().end;
}

// The place lies in the member, its key taken in: an alias's copy lies where the anchor is.
bool holds(text::Node node, base::Span place) {
  const std::uint32_t begin = has_key(node) ? std::min(node.key_span().begin, node.span().begin) : node.span().begin;
  return begin <= place.begin && place.end <= std::max(node.key_span().end, node.span().end);
}

template <class Matches>
bool descend(Way& way, base::Span place, const Matches& matches) {
  if (matches(way.back())) return true;
  const text::Node::Iterator end = way.back().end();
  for (auto each = way.back().begin(); each != end; ++each) {
    if (!holds(*each, place)) continue;
    way.push_back(*each);
    if (descend(way, place, matches)) return true;
    way.pop_back();
  }
  return false;
}

template <class Matches>
Way find(const std::vector<text::Document>& documents, base::Span place, const Matches& matches) {
  for (const text::Document& each : documents) {
    if (!each.root() || !holds(each.root(), place)) continue;
    Way way{each.root()};
    if (descend(way, place, matches)) return way;
  }
  return {};
}

// "*name" where an alias may stand; a text that only looks like one does no harm.
bool is_named(std::string_view text, std::string_view anchor) {
  const std::string alias = "*" + std::string(anchor);
  for (std::size_t at = text.find(alias); at != std::string_view::npos; at = text.find(alias, at + 1)) {
    const std::size_t end = at + alias.size();
    if (end == text.size() || std::string_view(" \t\r\n,]}").find(text[end]) != std::string_view::npos) return true;
  }
  return false;
}

bool stands_free(text::Node node) {
  const std::string_view text = node.span().text();
  if (has_key(node) && std::string_view("&*!?").find(node.key_span().text().front()) != std::string_view::npos)
    return false;
  if (text.starts_with('!')) return false;
  if (!text.starts_with('&')) return true;
  const std::string_view anchor = text.substr(1, std::min(text.find_first_of(" \t\r\n,]}"), text.size()) - 1);
  return !is_named(node.span().file->text(), anchor);
}

}  // namespace

bool is_flow(text::Node node) {
  std::string_view text = node.span().text();
  if (text.starts_with('&')) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n:"), text.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t", end), text.size()));
  }
  return text.starts_with('{') || text.starts_with('[');
}

const std::vector<text::Document>& Trees::of(const base::SourceFile& file) {
  const auto known = known_.find(&file);
  if (known != known_.end()) return known->second;
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  base::Diagnostics ignored;
  auto documents = text::read_yaml(file, ignored, limits);
  std::vector<text::Document> none;
  return known_.emplace(&file, documents ? std::move(*documents) : std::move(none)).first->second;
}

// The anchor's own nodes come before their copies, so the first that matches is what stands there.
Way Trees::to_key(base::Span key) {
  if (key.file == nullptr || key.begin == key.end) return {};
  return find(of(*key.file), key, [&](text::Node node) { return has_key(node) && node.key_span() == key; });
}

Way Trees::to_scalar(base::Span part) {
  if (part.file == nullptr || part.begin == part.end) return {};
  return find(of(*part.file), part, [&](text::Node node) {
    const base::Span span = node.span();
    return !node.is_object() && !node.is_array() && span.begin <= part.begin && part.end <= span.end;
  });
}

bool is_editable(const Way& way) {
  bool within_flow = false;
  for (std::size_t i = 0; i < way.size(); ++i) {
    if (!stands_free(way[i])) return false;
    if (way[i].is_object() || way[i].is_array()) {
      if (within_flow && !is_flow(way[i])) return false;  // a pair without braces, in a list
      within_flow = is_flow(way[i]);
    }
    if (i == 0) continue;
    const base::Span outer = way[i - 1].span(), inner = way[i].span();
    if (inner.begin < outer.begin || inner.end > outer.end) return false;
  }
  return !way.empty();
}

Way step_to(const Way& way, std::string_view member) {
  if (way.empty() || !way.back().is_object()) return {};
  const text::Node found = way.back().find(member);
  if (!found) return {};
  Way out = way;
  out.push_back(found);
  return out;
}

}  // namespace callgate::review
