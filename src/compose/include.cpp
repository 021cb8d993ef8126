// "include": whole Compose projects brought in, each with paths and .env file of its own (loader/include.go).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compose/diagnostic_ids.h"
#include "compose/loader.h"
#include "compose/paths.h"

namespace callgate::compose {
namespace {

constexpr std::size_t kMaxNesting = 50;

std::vector<std::string> string_list(const Value* value) {
  std::vector<std::string> out;
  if (!value) return out;
  if (value->is_string()) out.push_back(value->text);
  if (value->is_list())
    for (const Value& item : value->items) out.push_back(item.text);
  return out;
}

// Everything that `imported` has and `model` has not; what both have must be the same.
Loaded<bool> import_all(Value& imported, Value& model, base::Span place) {
  constexpr std::array<std::string_view, 6> kKinds{"services", "volumes", "networks", "secrets", "configs", "models"};
  for (const std::string_view kind : kKinds) {
    Value* from = imported.find(kind);
    if (!from || !from->is_map()) continue;
    Value& into = model.member(kind);
    if (into.kind == Kind::null) into.kind = Kind::map;
    if (!into.is_map()) return refuse(fmt::format("{} must be a mapping", kind), into.place);
    for (Value& member : from->items) {
      const Value* known = into.find(member.key);
      if (known && !same(*known, member))
        return refuse(fmt::format("{}.{} conflicts with imported resource", kind, member.key),
                      known->key_place.file ? known->key_place : place);
      if (!known) into.items.push_back(std::move(member));
    }
  }
  return true;
}

}  // namespace

Loaded<bool> Loader::apply_includes(Value& model, const Context& context, const std::vector<std::string>& included) {
  const Value* list = model.find("include");
  if (!list || list->kind == Kind::null) {
    model.erase("include");
    return true;
  }
  if (!list->is_list()) return refuse("`include` must be a list, got " + list->text, list->place);
  if (included.size() > kMaxNesting)
    return tl::unexpected(
        Refusal{fmt::format("files include each other more than {} deep", kMaxNesting), list->place, true});
  const Value entries = *list;
  for (const Value& entry : entries.items)
    if (auto ok = include(entry, model, context, included); !ok) {
      Refusal refusal = ok.error();
      if (!refusal.place.file) refusal.place = entry.place;
      return tl::unexpected(std::move(refusal));
    }
  model.erase("include");
  return true;
}

Loaded<std::vector<std::string>> Loader::include_env_files(const Value& entry, const std::string& project_directory,
                                                           const Context& context) {
  std::vector<std::string> paths = string_list(entry.find("env_file"));
  if (paths.empty()) {
    std::string usual = manifest::join_path(project_directory, ".env");
    if (look_at(usual) == Found::file) paths.push_back(std::move(usual));
    return paths;
  }
  for (std::string& path : paths) {
    if (path.starts_with('/')) continue;
    path = manifest::join_path(context.working_directory, path);
    const Found found = look_at(path);
    if (found == Found::nothing) return refuse(fmt::format("stat {}: no such file or directory", path), entry.place);
    if (found == Found::directory) return refuse(path + " is not a file", entry.place);
  }
  return paths;
}

Loaded<bool> Loader::include(const Value& entry, Value& model, const Context& context,
                             const std::vector<std::string>& included) {
  const std::vector<std::string> named = entry.is_string() ? std::vector{entry.text} : string_list(entry.find("path"));
  const Value* directory = entry.find("project_directory");
  std::string project_directory = directory ? directory->text : "";
  std::vector<ConfigFile> configs;
  for (const std::string& name : named) {
    if (is_remote_file(name)) {
      diagnostics_.add(kRemoteFile, entry.place, fmt::format("'{}' would be downloaded", name),
                       "fetch it and include the copy");
      return tl::unexpected(Refusal{"cannot read " + name, entry.place, true});
    }
    configs.push_back({manifest::join_path(context.extends_base, name), nullptr});
  }
  if (!configs.empty()) {
    const std::string& main = configs.front().path;
    project_directory = project_directory.empty() ? directory_of(main)
                                                  : manifest::join_path(context.working_directory, project_directory);
    if (std::find(included.begin(), included.end(), main) != included.end()) {
      std::string message = fmt::format("include cycle detected:\n{}\n include ", included.front());
      for (std::size_t i = 1; i < included.size(); ++i) message += included[i] + "\n include ";
      return refuse(message + main, entry.place);
    }
  }
  auto env_files = include_env_files(entry, project_directory, context);
  if (!env_files) return tl::unexpected(env_files.error());
  auto variables = read_environment(*env_files, *context.environment);
  if (!variables) return tl::unexpected(variables.error());
  Environment environment = *context.environment;
  environment.merge(*variables);  // what is there already stays
  Context inner = context;
  inner.working_directory = project_directory;
  inner.extends_base = project_directory;
  inner.environment = &environment;
  auto imported = load_model(configs, inner, included);
  if (!imported) return tl::unexpected(imported.error());
  if (const Value* services = imported->find("services"); services && !configs.empty())
    for (const Value& service : services->items)
      notes_.push_back(
          {service.key,
           {manifest::Step::Kind::fact, fmt::format("included from '{}'", shown(configs.front().path)), entry.place}});
  return import_all(*imported, model, entry.place);
}

}  // namespace callgate::compose
