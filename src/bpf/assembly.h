// Text for programs: an assembler and disassembler that round-trip, C, and a graph. Names for numbers come from the
// caller, for this folder knows no tables.
//
// One instruction a line, as bpf_asm and libseccomp's tools write it: `ld [0]`, `jeq #0x3e, L4, L7`, `and #0xff`,
// `ret #0x7fff0000`; labels `L4:`; comments from `;` to the end of the line. Symbolic operands: `ld nr`, `ld arch`,
// `ld args[1].lo`, `ret ALLOW`, `ret ERRNO(38)`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "bpf/program.h"

namespace callgate::bpf {

// What a value means where it is compared; empty where there is nothing to say.
struct Names {
  std::function<std::string(std::uint32_t audit)> arch;                    // "x86_64"
  std::function<std::string(std::uint32_t audit, std::uint32_t nr)> call;  // "openat"; audit 0: not known
};

struct DisasmOptions {
  bool little_endian = true;
  bool addresses = true;  // instruction index at the start of the line, as a comment-safe column
};
std::string disassemble(std::span<const Insn> program, const Names& names, const DisasmOptions& options = {});
std::optional<Program> assemble(const base::SourceFile& file, base::Diagnostics& diagnostics,
                                bool little_endian = true);
// A C initialiser: static const struct sock_filter NAME[] = { BPF_STMT(…), … };
std::string to_c(std::span<const Insn> program, const Names& names, std::string_view name);
// Graphviz.
std::string to_dot(std::span<const Insn> program, const Names& names);
// {"instructions":[{"index","code","jt","jf","k","text"}]}
std::string to_json(std::span<const Insn> program, const Names& names);
// "ALLOW", "ERRNO(38)", "KILL_PROCESS", "TRACE(1)", "TRAP", "NOTIFY", "LOG", "KILL_THREAD"; an undefined action as
// "KILL_PROCESS" with its value in parentheses.
std::string action_text(std::uint32_t return_value);

}  // namespace callgate::bpf
