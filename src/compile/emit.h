// Gives a graph addresses. Instructions are placed last to first, so that when a jump is placed its targets already
// have their places; where a target lies beyond the 255 instructions that jt and jf can span, a copy of it (RET) or an
// island (JA, whose reach is 32 bits) is placed just behind the jump, and serves later jumps too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf/program.h"
#include "compile/graph.h"

namespace callgate::compile {

bpf::Program emit(const Graph& graph, NodeId root);

}  // namespace callgate::compile
