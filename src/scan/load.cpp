// SPDX-License-Identifier: Apache-2.0
#include "scan/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "scan/script.h"
#include "scan/search_path.h"

namespace callgate::scan {

namespace {

// Names that musl's loader answers with itself.
constexpr std::array<std::string_view, 8> kMuslOwn{"libc.so",  "libpthread.so", "librt.so",   "libm.so",
                                                   "libdl.so", "libutil.so",    "libxnet.so", "libcrypt.so"};
constexpr int kMaxScripts = 4;  // as the kernel's BINPRM recursion
constexpr std::size_t kMaxModules = 2000;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// The directories of an RPATH or RUNPATH, with $ORIGIN and its like filled in.
std::vector<std::string> directories(std::string_view list, const Module& owner, std::string_view folder) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto colon = std::min(list.find(':'), list.size());
    std::string each(list.substr(0, colon));
    list.remove_prefix(std::min(colon + 1, list.size()));
    const std::string origin = directory_of(owner.path);
    for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"ORIGIN", origin},
                                      {"LIB", folder},
                                      {"PLATFORM", owner.machine->platform}}) {
      each = replace_all(std::move(each), fmt::format("${{{}}}", name), value);
      each = replace_all(std::move(each), fmt::format("${}", name), value);
    }
    if (!each.empty()) out.push_back(std::move(each));
  }
  return out;
}

class Loading {
 public:
  Loading(Library& library, Program& program) : library_(library), program_(program) {
    if (program_.loader) musl_ = program_.modules[*program_.loader]->path.find("ld-musl") != std::string::npos;
  }

  void start(const std::shared_ptr<const Module>& main) {
    program_.modules.push_back(main);
    names_[main->path] = 0;
    const std::string_view interpreter = main->file.interpreter;
    if (interpreter.empty()) return close();
    auto loader = library_.module(std::string(interpreter));
    if (!loader) {
      program_.missing.push_back({std::string(interpreter), main->path, loader.error().message});
      return close();
    }
    if ((*loader)->machine != main->machine) {
      program_.missing.push_back({std::string(interpreter), main->path, "for another machine"});
      return close();
    }
    loader_ = *loader;
    musl_ = interpreter.find("ld-musl") != std::string::npos;
    preload(*main);
    close();
    if (!program_.loader) enter_loader();
  }

  bool add(const std::string& name, const Module& needed_by, std::vector<std::string> rpaths) {
    if (!find(name, needed_by, std::move(rpaths))) return false;
    close();
    return true;
  }

  void known() {
    for (std::size_t i = 0; i < program_.modules.size(); ++i) note(i);
    next_ = program_.modules.size();
  }

 private:
  const Machine& machine() const { return *program_.modules.front()->machine; }

  // The machine's usual directories where the loader, which may be missing, does not tell its own.
  const SearchPath& search() {
    if (search_) return *search_;
    const Module* loader = loader_.get();
    if (program_.loader) loader = program_.modules[*program_.loader].get();
    if (loader == nullptr) loader = program_.modules.front().get();
    if (musl_) {
      const std::string file = loader->path.substr(loader->path.rfind('/') + 1);
      const auto text = library_.text(fmt::format("/etc/{}.path", file.substr(0, file.find(".so"))));
      search_ = search_path_of_musl(text ? &*text : nullptr);
    } else {
      search_ = search_path_of_glibc(loader->bytes);
    }
    if (search_->directories.empty())
      search_->directories.assign(machine().library_directories.begin(), machine().library_directories.end());
    if (search_->folder.empty()) search_->folder = machine().library_folder;
    return *search_;
  }

  void note(std::size_t i) {
    const Module& m = *program_.modules[i];
    names_.emplace(m.path, i);
    if (!m.file.dynamic.soname.empty()) names_.emplace(m.file.dynamic.soname, i);
  }

  void enter_loader() {
    program_.loader = program_.modules.size();
    program_.modules.push_back(loader_);
    note(*program_.loader);
  }

  void preload(const Module& main) {
    const auto list = library_.text("/etc/ld.so.preload");
    if (!list || musl_) return;
    std::string word;
    for (const char c : *list + "\n") {
      if (std::strchr(" \t\n:", c) == nullptr)
        word += c;
      else if (!word.empty())
        find(word, main, {}), word.clear();
    }
  }

  // All that is needed, breadth first: the order of the global scope.
  void close() {
    for (; next_ < program_.modules.size() && program_.modules.size() < kMaxModules; ++next_) {
      const std::shared_ptr<const Module> m = program_.modules[next_];
      for (const std::string_view each : m->file.dynamic.needed) {
        const std::string name(each);
        if (!find(name, *m, rpaths_[m.get()])) program_.missing.push_back({name, m->path, "not found"});
      }
    }
  }

  bool is_own_name_of_musl(const std::string& name) const {
    return musl_ && std::find(kMuslOwn.begin(), kMuslOwn.end(), name) != kMuslOwn.end();
  }

  bool find(const std::string& name, const Module& by, std::vector<std::string> rpaths) {
    if (names_.contains(name)) return true;
    if (loader_ != nullptr && !program_.loader &&
        (name == loader_->file.dynamic.soname || name == loader_->path || is_own_name_of_musl(name) ||
         (musl_ && name.starts_with("libc.musl-")))) {
      enter_loader();
      names_[name] = *program_.loader;
      return true;
    }
    if (program_.loader && is_own_name_of_musl(name)) return true;
    std::vector<std::string> places;
    std::vector<std::string> own;
    if (by.file.dynamic.runpath.empty()) own = directories(by.file.dynamic.rpath, by, search().folder);
    own.insert(own.end(), rpaths.begin(), rpaths.end());
    if (name.find('/') != std::string::npos) {
      places.push_back(name);
    } else {
      if (by.file.dynamic.runpath.empty())
        for (const std::string& d : own) places.push_back(fmt::format("{}/{}", d, name));
      for (const std::string& d : directories(by.file.dynamic.runpath, by, search().folder))
        places.push_back(fmt::format("{}/{}", d, name));
      if (const std::string cached = musl_ ? "" : library_.cached(name, machine()); !cached.empty())
        places.push_back(cached);
      if (library_.has_variants(name, machine()))
        program_.missing.push_back({name, by.path, "others of this name are for newer processors (glibc-hwcaps)"});
      for (const std::string& d : search().directories) places.push_back(fmt::format("{}/{}", d, name));
    }
    for (const std::string& place : places) {
      const auto m = library_.module(place);
      if (!m || (*m)->machine != &machine())
        continue;  // the loader, too, goes on after a file of another machine or none
      names_[name] = program_.modules.size();
      program_.modules.push_back(*m);
      note(program_.modules.size() - 1);
      rpaths_[m->get()] = own;
      return true;
    }
    return false;
  }

  Library& library_;
  Program& program_;
  std::shared_ptr<const Module> loader_;
  bool musl_ = false;
  std::optional<SearchPath> search_;
  std::size_t next_ = 0;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::map<const Module*, std::vector<std::string>> rpaths_;  // inherited from those that need it
};

// The program that env(1) executes, by its path. Empty: there is none.
std::string along_path(Library& library, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return name;
  for (std::string_view rest = kDefaultPath; !rest.empty();) {
    const auto colon = std::min(rest.find(':'), rest.size());
    std::string place = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (library.text(place)) return place;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return "";
}

// What is executed for a script.
base::Result<std::string> interpreter_of(Library& library, Program& program, std::string_view text) {
  const auto line = script_line(text);
  if (!line) return base::fail(base::ErrorCode::invalid, "the script's first line names no interpreter");
  if (!line->env) return line->interpreter;
  program.executed_before.push_back(line->interpreter);
  std::string found = along_path(library, line->name);
  if (!found.empty()) return found;
  return base::fail(base::ErrorCode::invalid,
                    line->name.empty() ? "which program env executes cannot be told from the script's first line"
                                       : fmt::format("env finds no program '{}' for the script", line->name));
}

}  // namespace

base::Result<Program> load(Library& library, const std::string& path) {
  Program program;
  program.path = path;
  std::string now = path;
  for (int depth = 0; depth < kMaxScripts; ++depth) {
    auto module = library.module(now);
    if (module) {
      Loading(library, program).start(*module);
      library.complete(program.modules);
      return program;
    }
    auto text = library.text(now);
    if (!text && depth == 0) return tl::unexpected(std::move(text).error());
    if (!text) return tl::unexpected(std::move(text).error().within(fmt::format("the script's interpreter '{}'", now)));
    if (!text->starts_with("#!")) return tl::unexpected(module.error());
    CALLGATE_TRY(now, interpreter_of(library, program, *text));
    program.script_interpreter = now;
  }
  return base::fail(base::ErrorCode::limit, fmt::format("scripts start scripts more than {} deep", kMaxScripts));
}

bool add_library(Library& library, Program& program, const std::string& name, const std::string& opened_by) {
  const Module* by = program.modules.front().get();
  for (const auto& m : program.modules)
    if (m->path == opened_by) by = m.get();
  Loading loading(library, program);
  loading.known();
  if (!loading.add(name, *by, {})) return false;
  library.complete(program.modules);
  return true;
}

}  // namespace callgate::scan
