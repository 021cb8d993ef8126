// SPDX-License-Identifier: Apache-2.0
#include "lint/edits.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::lint {

std::vector<Edit> remove_elements(text::Node list, std::span<const base::Span> elements) {
  std::vector<Edit> out;
  const auto leaves = [&](const base::Span& span) {
    return std::any_of(elements.begin(), elements.end(), [&](const base::Span& e) { return e.begin == span.begin; });
  };
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

Edit append_element(text::Node list, std::string_view element) {
  const base::Span whole = list.span();
  std::optional<base::Span> last;
  for (const text::Node each : list) last = each.span();
  if (!last) return {whole.begin + 1, whole.begin + 1, std::string(element)};
  // What stands between the list's bracket and its first element is how elements are set apart.
  const std::string_view text = whole.file->text();
  std::size_t at = whole.begin + 1;
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  return {last->end, last->end, fmt::format(",{}{}", text.substr(whole.begin + 1, at - whole.begin - 1), element)};
}

}  // namespace callgate::lint
