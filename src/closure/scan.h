// What `callgate scan` found in the code, beside what was recorded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "closure/closure.h"
#include "recording/recording.h"

namespace callgate::closure {

struct Scanned {
  std::string path, build_id;  // build_id: hexadecimal, empty where the file has none
  bool closed = false;         // everything could be decided
  arch::Arch arch = arch::Arch::x86_64;
  bool of_tree = false;  // of a scan of all programs of a root: it counts if the program was recorded
  std::map<arch::SyscallNr, std::string> calls;  // with their evidence
};

// Lines that diagnostics point into.
using KeptLines = std::deque<base::SourceFile>;
// The answer of `callgate scan --format json`, or what `callgate scan --root -o FILE` wrote, of which the last line for
// each program counts. Nothing if the file is none (diagnosed).
std::optional<std::vector<Scanned>> read_scan(const base::SourceFile& file, KeptLines& kept,
                                              base::Diagnostics& diagnostics);

// Gives the closure its frontier: what the scanned programs can come to and no run made. Diagnoses what a program made
// and its scan did not find, and which recorded programs no scan covers.
void add_scan(Closure& closure, const recording::Recording& recording, const std::vector<Scanned>& scanned,
              base::Diagnostics& diagnostics);

}  // namespace callgate::closure
