// The ways from where a program begins to its calls, as a graph in Graphviz's language.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "scan/scan.h"

namespace callgate::cli {

// For each call (or one alone) a shortest way, all of them together: a tree, whose leaves are the calls. Functions
// stand in a box for each file. The answer must have been made with chains.
std::string scan_graph(const scan::Answer& answer, std::optional<std::uint32_t> only);

}  // namespace callgate::cli
