// Figures of a compiled filter: `compile --stats`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json_write.h"
#include "cli/input.h"
#include "compile/report.h"

namespace callgate::cli {

// Microseconds: file bytes; bytes to policy; policy to filter; the proof that they are equal.
struct Phases {
  double read = 0, resolve = 0, compile = 0, prove = 0;
};

struct Figures {
  std::size_t instructions = 0;
  std::vector<compile::ArchReport> archs;  // over all known calls of the architecture, each once, arguments zero
  // What seccomp(2) emulates at load for its cache: every number up to the last of this machine's architectures.
  std::uint64_t load_steps = 0;
  bool proved = false;
  std::uint64_t paths = 0;
  Phases first;   // this run's own, in a process that has just started
  Phases phases;  // medians of further runs
};

Figures measure(std::span<const bpf::Insn> program, const format::Profile& profile,
                const std::vector<compile::Weight>& weights);
// Everything from the file (or the built-in table) to the proof, again and again: the median of each phase.
Phases time_phases(const Session& session, const Subject& subject, const format::ReadOptions& options,
                   const compile::Options& how);
std::string to_text(const Figures& figures);
// Members of the object that is begun.
void to_json(const Figures& figures, base::JsonWriter& json);

}  // namespace callgate::cli
