// A program cut into products of tokens and call numbers on each of which it acts as one diagram of the arguments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "bpf/program.h"
#include "prove/diagram.h"
#include "prove/word_ranges.h"

namespace callgate::prove {

struct Rectangle {
  WordRanges tokens, numbers;
  NodeId decision = 0;
};
// Disjoint; together everything. Errors: unsupported, limit.
base::Result<std::vector<Rectangle>> rectangles_of(std::span<const bpf::Insn> program, Diagrams& diagrams);

}  // namespace callgate::prove
