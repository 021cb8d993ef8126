// A program with all libraries that the dynamic loader gives it, found as the loader finds them: RPATH, RUNPATH,
// ld.so.cache, the loader's own directories. LD_LIBRARY_PATH and LD_PRELOAD are taken to be unset.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/library.h"

namespace callgate::scan {

struct Missing {
  std::string name;  // as the needing file says it
  std::string needed_by;
  std::string why;
};

struct Program {
  std::string path;
  std::string script_interpreter;            // of a script: what its first line names; the modules are that program's
  std::vector<std::string> executed_before;  // env(1), where it stands between the script and its interpreter
  std::vector<std::shared_ptr<const Module>> modules;  // in the order in which symbols are looked up
  std::optional<std::size_t> loader;                   // the dynamic loader's index; none for a static program
  std::vector<Missing> missing;
};

// Errors: the program itself cannot be read, or is none that this analysis takes.
base::Result<Program> load(Library& library, const std::string& path);
// Adds a library that the running program opens, with what it needs; nothing new if it is there. False: not found.
bool add_library(Library& library, Program& program, const std::string& name, const std::string& opened_by);

}  // namespace callgate::scan
