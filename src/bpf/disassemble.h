// One instruction as text; what the listing, C, the graph and JSON are made from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf/assembly.h"
#include "bpf/dataflow.h"

namespace callgate::bpf {

struct Line {
  std::string text;     // "jeq #0x3e, L4, L7"
  std::string comment;  // "openat"; printable ASCII without "*/", may be empty
};
std::vector<Line> to_lines(std::span<const Insn> program, const Names& names, bool little_endian);
// Indexes that some jump inside the program leads to.
std::vector<bool> jump_targets(std::span<const Insn> program);

}  // namespace callgate::bpf
