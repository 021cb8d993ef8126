// A running process as the analysis needs it, and where control stands in it: whatever its memory and registers hold
// that may be an address of code is taken for one. So return addresses, saved contexts, callbacks and coroutines'
// stacks are all found; also those that setjmp and atexit have mangled (glibc's pointer guard).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/after.h"

namespace callgate::scan {

struct Process {
  struct Mapping {
    Address begin = 0, end = 0;
    std::uint64_t offset = 0;  // in the file
    std::string path;          // as the process's root has it
  };
  std::int64_t pid = 0;
  std::vector<Mapping> code;         // executable parts of files
  std::vector<std::string> unknown;  // executable memory that no file of now stands behind
  std::vector<std::uint64_t> words;  // what is held and lies in `code`; sorted, each once
};

// Stops all threads of a process for a moment. Errors: io, unsupported: not ours to look into, or traced by another.
base::Result<Process> read_process(std::int64_t pid);

// Adds the files that the process has mapped to its program; notes those that differ from what the loader would give
// it. Gives the number of the module for each mapping.
std::vector<std::uint32_t> add_mapped(Library& library, Program& program, const Process& process,
                                      std::vector<std::string>& opened);

Standing in_process(const Life& life, const Process& process, const std::vector<std::uint32_t>& modules);

}  // namespace callgate::scan
