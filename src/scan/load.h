// A program with all libraries that the dynamic loader gives it, found as the loader finds them: RPATH, RUNPATH,
// ld.so.cache, the loader's own directories. LD_LIBRARY_PATH and LD_PRELOAD are taken to be unset.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "scan/chunks.h"
#include "scan/module.h"

namespace callgate::scan {

// Gives modules by path. Each file is read and analysed once, however many programs use it, and may be asked for by
// several threads.
class Library {
 public:
  using Read = std::function<base::Result<std::string>(const std::string& path)>;
  explicit Library(Read read) : read_(std::move(read)) {}

  base::Result<std::shared_ptr<const Module>> module(const std::string& path);
  // A module's data told apart, once for all programs. The module is one of this library's.
  const Chunks& chunks(const Module& module);
  base::Result<std::string> text(const std::string& path) const { return read_(path); }
  // The loader's cache: where a library of this name is; empty if it is not in there.
  std::string cached(std::string_view name);
  // Is there another one for some processors (glibc-hwcaps)? After cached().
  bool has_variants(const std::string& name) const { return variants_.contains(name); }
  // Drops modules that no program holds, those first that were not asked for the longest, until the rest takes up no
  // more than that, about.
  void trim(std::size_t max_bytes);

 private:
  struct Entry {
    std::mutex mutex;
    std::shared_ptr<const Module> module;
    std::unique_ptr<Chunks> chunks;
    std::size_t bytes = 0;
    std::uint64_t used = 0;
  };
  std::shared_ptr<Entry> entry(const std::string& path);
  void read_cache();

  Read read_;
  std::mutex mutex_;
  std::uint64_t uses_ = 0;
  std::map<std::string, std::shared_ptr<Entry>> modules_;
  std::once_flag cache_read_;
  std::map<std::string, std::string, std::less<>> cache_;
  std::set<std::string> variants_;
};

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
