// SPDX-License-Identifier: Apache-2.0
#include "lint/edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace callgate::lint {

std::vector<Edit> remove_elements(text::Node list, std::span<const base::Span> elements) {
  std::vector<Edit> out;
  std::set<std::uint32_t> places;
  for (const base::Span& each : elements) places.insert(each.begin);
  const auto leaves = [&](const base::Span& span) { return places.contains(span.begin); };
  // An element goes with the comma before it; those at the front, which have none, with the comma behind.
  std::optional<base::Span> kept;
  std::uint32_t front = 0;
  bool at_front = false;
  for (const text::Node each : list) {
    const base::Span span = each.span();
    if (!leaves(span)) {
      if (at_front) out.push_back({front, span.begin, {}});
      at_front = false;
      kept = span;
      continue;
    }
    if (kept) {
      out.push_back({kept->end, span.end, {}});
      kept = span;
    } else if (!at_front) {
      at_front = true;
      front = span.begin;
    }
  }
  return out;
}

Edit remove_one(std::span<const base::Span> list, const base::Span& element) {
  const auto at = std::lower_bound(list.begin(), list.end(), element.begin,
                                   [](const base::Span& span, std::uint32_t begin) { return span.begin < begin; });
  if (at != list.begin()) return {std::prev(at)->end, at->end, {}};
  return {at->begin, std::next(at)->begin, {}};
}

Edit append_element(text::Node list, std::string_view element) {
  const base::Span whole = list.span();
  std::optional<base::Span> last;
  for (const text::Node each : list) last = each.span();
  if (!last) return {whole.begin + 1, whole.begin + 1, std::string(element)};
  // What stands between the list's bracket and its first element is how elements are set apart; on one line, a blank.
  const std::string_view text = whole.file->text();
  std::size_t at = whole.begin + 1;
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  const std::string_view gap = text.substr(whole.begin + 1, at - whole.begin - 1);
  return {last->end, last->end, fmt::format(",{}{}", gap.empty() ? " " : gap, element)};
}

}  // namespace callgate::lint
