// Keys that occur more than once in one object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/diagnostic.h"
#include "text/node.h"

namespace callgate::text {

struct Repeat {
  std::uint32_t later, first;  // nodes
};

// Appends the members of `object` whose key an earlier member has. Quadratic for few members, else by sorting.
void find_repeats(const std::vector<NodeData>& nodes, const NodeData& object, std::vector<Repeat>& repeats);

// One diagnostic each, in the order of the file, with a note at the first use.
void report_repeats(const Document& document, std::vector<Repeat> repeats, const base::DiagnosticId& id,
                    const char* help, base::Diagnostics& diagnostics);

}  // namespace callgate::text
