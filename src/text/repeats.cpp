// SPDX-License-Identifier: Apache-2.0
#include "text/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace callgate::text {
namespace {

void find_repeats_sorted(const std::vector<NodeData>& nodes, const NodeData& object, std::vector<Repeat>& repeats) {
  std::vector<std::uint32_t> members;
  members.reserve(object.child_count);
  for (std::uint32_t i = object.first_child; i != kNoNode; i = nodes[i].next_sibling) members.push_back(i);
  std::sort(members.begin(), members.end(), [&nodes](std::uint32_t a, std::uint32_t b) {
    return std::tie(nodes[a].key, a) < std::tie(nodes[b].key, b);
  });
  for (std::size_t i = 1, first = 0; i < members.size(); ++i) {
    if (nodes[members[i]].key != nodes[members[first]].key)
      first = i;
    else
      repeats.push_back({members[i], members[first]});
  }
}

}  // namespace

void find_repeats(const std::vector<NodeData>& nodes, const NodeData& object, std::vector<Repeat>& repeats) {
  constexpr std::uint32_t kFewMembers = 12;
  if (object.child_count > kFewMembers) return find_repeats_sorted(nodes, object, repeats);
  for (std::uint32_t later = object.first_child; later != kNoNode; later = nodes[later].next_sibling) {
    std::uint32_t first = object.first_child;
    while (first != later && nodes[first].key != nodes[later].key) first = nodes[first].next_sibling;
    if (first != later) repeats.push_back({later, first});
  }
}

void report_repeats(const Document& document, std::vector<Repeat> repeats, const base::DiagnosticId& id,
                    const char* help, base::Diagnostics& diagnostics) {
  std::sort(repeats.begin(), repeats.end(), [](const Repeat& a, const Repeat& b) { return a.later < b.later; });
  for (const Repeat& repeat : repeats) {
    const Node later(&document, repeat.later), first(&document, repeat.first);
    diagnostics.add(id, later.key_span(), fmt::format("duplicate key '{}'", base::printable(later.key())), help)
        .notes.push_back({first.key_span(), "first used here"});
  }
}

}  // namespace callgate::text
