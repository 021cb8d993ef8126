// Compose files into one model: each file read, its variables replaced, what it extends and includes brought in, laid
// over the files before it and checked, in the order in which compose-go does it, since that decides which error comes
// first. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "compose/document.h"
#include "compose/substitute.h"
#include "compose/value.h"
#include "manifest/files.h"

namespace callgate::compose {

// One of the files of a project.
struct ConfigFile {
  std::string path;                        // absolute, or "-"
  const base::SourceFile* text = nullptr;  // null: still to be opened
};

class Loader {
 public:
  Loader(manifest::Files& files, std::string home, base::Diagnostics& diagnostics)
      : files_(files), home_(std::move(home)), diagnostics_(diagnostics) {}

  // The merged, checked and completed model of `configs`.
  Loaded<Value> load(const std::vector<ConfigFile>& configs, const std::string& working_directory,
                     const Environment& environment);
  // "name: …" of the files, the last that has one, variables replaced; empty if none has.
  Loaded<std::string> name_in_files(const std::vector<ConfigFile>& configs, const Environment& environment);
  // The variables of .env files. `environment` comes before them.
  Loaded<Environment> read_environment(const std::vector<std::string>& paths, const Environment& environment);
  // `path` as messages call it: relative to where the user is, if it lies below.
  std::string shown(const std::string& path) const;
  Loaded<const base::SourceFile*> open(const std::string& path);
  const ParsedYaml& parsed(const base::SourceFile& file);
  std::vector<Note>& notes() { return notes_; }
  manifest::Files& files() { return files_; }
  // A leading "~" is the user's home directory.
  std::string expand_user(const std::string& path) const;

 private:
  struct Context {
    std::string file;               // absolute; what the file calls itself in messages
    std::string working_directory;  // what include starts from
    std::string extends_base;       // what "extends: file:" starts from
    const Environment* environment = nullptr;
    bool is_base = false;  // read for the sake of one service: neither extends nor include nor checks
  };
  struct Origin {
    std::string file, service;
    bool operator==(const Origin&) const = default;
  };
  using Resets = std::vector<std::vector<std::string>>;

  Loaded<Value> load_model(const std::vector<ConfigFile>& configs, const Context& context,
                           const std::vector<std::string>& included);
  Loaded<Value> load_file(const ConfigFile& config, const Context& context, Value model, Resets* resets,
                          const std::vector<std::string>& included);
  Loaded<Value> load_document(YamlDocument document, const Context& context, Value model,
                              const std::vector<std::string>& included);
  Loaded<bool> check(Value& model, const Context& context);

  Loaded<bool> apply_extends(Value& model, const Context& context, const Resets& resets);
  Loaded<Value> extended(const std::string& name, Value& services, const Context& context,
                         const std::vector<Origin>& chain, const Resets& resets);
  Loaded<Value> base_services(const std::string& name, const std::string& reference, const std::string& file,
                              const std::string& message_file, const Context& context, Resets& resets,
                              Context& base_context);
  Loaded<bool> apply_includes(Value& model, const Context& context, const std::vector<std::string>& included);
  Loaded<bool> include(const Value& entry, Value& model, const Context& context,
                       const std::vector<std::string>& included);
  Loaded<std::vector<std::string>> include_env_files(const Value& entry, const std::string& project_directory,
                                                     const Context& context);
  Lookup lookup(const Context& context) const;
  Loaded<bool> charge_file(std::string_view what);
  Loaded<bool> charge_values(const Value& value, base::Span place);

  manifest::Files& files_;
  std::string home_;
  base::Diagnostics& diagnostics_;
  std::vector<Note> notes_;
  std::map<const base::SourceFile*, ParsedYaml> parsed_;
  std::vector<std::string> warned_of_version_;
  std::size_t loads_ = 0, values_ = 0;
  std::size_t expandable_ = kMaxExpanded;  // bytes that variables may still expand to
};

}  // namespace callgate::compose
