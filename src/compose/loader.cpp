// SPDX-License-Identifier: Apache-2.0
#include "compose/loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "compose/complete.h"
#include "compose/diagnostic_ids.h"
#include "compose/dotenv.h"
#include "compose/interpolate.h"
#include "compose/merge.h"
#include "compose/paths.h"
#include "compose/schema.h"
#include "compose/short_forms.h"
#include "text/node.h"

namespace callgate::compose {
namespace {

constexpr std::size_t kMaxLoads = 2000;  // files read for one project, each time it is named

using Resets = std::vector<std::vector<std::string>>;

// Drops what !reset and !override name. Lists are entered by Compose, and nothing in them is ever found.
void drop(Value& value, Path& path, const Resets& resets) {
  if (!value.is_map()) return;
  std::erase_if(value.items, [&](const Value& item) {
    return std::any_of(resets.begin(), resets.end(), [&](const std::vector<std::string>& reset) {
      if (reset.size() != path.size() + 1) return false;
      for (std::size_t i = 0; i < path.size(); ++i)
        if (reset[i] != "*" && reset[i] != path[i]) return false;
      return reset.back() == "*" || reset.back() == item.key;
    });
  });
  for (Value& item : value.items) {
    path.push_back(item.key);
    drop(item, path, resets);
    path.pop_back();
  }
}

// Entries of services.*.dns that are empty.
void omit_empty(Value& model) {
  Value* services = model.find("services");
  if (!services) return;
  for (Value& service : services->items)
    if (Value* dns = service.find("dns"); dns && dns->is_list())
      std::erase_if(dns->items, [](const Value& item) { return item.kind == Kind::null || item.text.empty(); });
}

// What a later document adds to a service that an earlier one has, for the reader to see which counts.
void note_merge(const Value& model, const Value& over, const Resets& resets, std::vector<Note>& notes) {
  const Value* services = model.find("services");
  const Value* changes = over.find("services");
  if (!services || !changes || !changes->is_map()) return;
  for (const Value& change : changes->items) {
    const Value* list = change.find("security_opt");
    const Value* service = services->find(change.key);
    if (!list || !service) continue;
    const std::vector<std::string> path{"services", change.key, "security_opt"};
    const bool replaces = std::find(resets.begin(), resets.end(), path) != resets.end();
    const bool has_one = service->find("security_opt") != nullptr;
    if (!replaces && !has_one) continue;
    notes.push_back({change.key,
                     {manifest::Step::Kind::fact,
                      replaces ? "security_opt: !override takes the place of what the files before say"
                               : "security_opt is appended to the list of the files before: the engine takes the last "
                                 "seccomp entry",
                      list->key_place}});
  }
}

}  // namespace

std::string Loader::shown(const std::string& path) const {
  const std::string root = files_.working_directory() + "/";
  return path.starts_with(root) ? path.substr(root.size()) : path;
}

std::string Loader::expand_user(const std::string& path) const {
  if (!path.starts_with('~')) return path;
  // Without a home Go joins nothing and the rest, which stays relative.
  if (home_.empty()) return manifest::clean_path(path.substr(path.starts_with("~/") ? 2 : 1));
  return manifest::clean_path(home_ + "/" + path.substr(1));
}

Loaded<bool> Loader::charge_file(std::string_view what) {
  if (++loads_ <= kMaxLoads) return true;
  return refuse_limit(
      fmt::format("the project reads {} files, '{}' the last; at most {} are read", loads_, what, kMaxLoads));
}

Loaded<bool> Loader::charge_values(const Value& value, base::Span place) {
  values_ += count(value);
  if (values_ <= kMaxValues) return true;
  return refuse_limit(fmt::format("the project has more than {} values", kMaxValues), place);
}

Loaded<const base::SourceFile*> Loader::open(const std::string& path) {
  if (path == "/dev/null") return &files_.keep(path, "");
  auto file = files_.open(path, shown(path));
  if (file) return *file;
  const manifest::OpenFailure& failure = file.error();
  // Compose names files by their absolute path.
  std::string message = failure.message;
  const std::string name = shown(path);
  if (const std::size_t at = message.find(" " + name); at != std::string::npos)
    message.replace(at + 1, name.size(), path);
  return refuse(std::move(message));
}

const ParsedYaml& Loader::parsed(const base::SourceFile& file) {
  const auto known = parsed_.find(&file);
  return known != parsed_.end() ? known->second : parsed_.emplace(&file, parse_yaml(file)).first->second;
}

Lookup Loader::lookup(const Context& context) const {
  return [environment = context.environment](std::string_view name) -> std::optional<std::string> {
    const auto found = environment->find(name);
    return found == environment->end() ? std::nullopt : std::optional(found->second);
  };
}

Loaded<Environment> Loader::read_environment(const std::vector<std::string>& paths, const Environment& environment) {
  Environment variables;
  const Lookup outer = [&environment](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  for (const std::string& path : paths) {
    auto file = path == "/dev/null" ? &files_.keep(path, "") : nullptr;
    if (!file) {
      auto opened = files_.open(path, shown(path));
      if (!opened && opened.error().why == manifest::Missing::absent) return refuse("couldn't find env file: " + path);
      if (!opened && opened.error().why == manifest::Missing::is_directory) return refuse(path + " is a directory");
      if (!opened) return refuse(opened.error().message);
      file = *opened;
    }
    if (auto ok = read_dotenv(*file, outer, variables); !ok) {
      Refusal refusal = ok.error();
      refusal.message = fmt::format("failed to read {}: {}", path, refusal.message);
      return tl::unexpected(std::move(refusal));
    }
  }
  return variables;
}

Loaded<std::string> Loader::name_in_files(const std::vector<ConfigFile>& configs, const Environment& environment) {
  Value holder = make_map();
  for (const ConfigFile& config : configs) {
    const auto& documents = parsed(*config.text).documents;
    if (!documents) continue;
    for (const text::Document& document : *documents)
      if (const text::Node name = document.root().find("name"); name && !name.is_array() && !name.is_object())
        if (!name.is_null() && !name.text().empty())
          holder.member("name") = make_string(std::string(name.text()), name.span());
  }
  if (holder.items.empty()) return std::string();
  holder.items.front().key = "name";
  base::Diagnostics said_again_by_the_load;
  Context context;
  context.environment = &environment;
  if (auto ok = interpolate(holder, lookup(context), expandable_, said_again_by_the_load); !ok)
    return tl::unexpected(ok.error());
  return holder.items.front().text;
}

Loaded<bool> Loader::check(Value& model, const Context& context) {
  if (auto broken = check_schema(model)) {
    broken->message = fmt::format("validating {}: {}", context.file, broken->message);
    return tl::unexpected(std::move(*broken));
  }
  const Value* version = model.find("version");
  if (!version) return true;
  if (std::find(warned_of_version_.begin(), warned_of_version_.end(), context.file) == warned_of_version_.end())
    diagnostics_.add(
        kObsoleteVersion, version->key_place,
        fmt::format("{}: the attribute `version` is obsolete, it will be ignored, please remove it to avoid "
                    "potential confusion",
                    context.file));
  warned_of_version_.push_back(context.file);
  model.erase("version");
  return true;
}

Loaded<Value> Loader::load_document(YamlDocument document, const Context& context, Value model,
                                    const std::vector<std::string>& included) {
  Value& added = document.value;
  if (auto ok = interpolate(added, lookup(context), expandable_, diagnostics_); !ok) return tl::unexpected(ok.error());
  if (!context.is_base)
    if (auto ok = apply_extends(added, context, document.resets); !ok) return tl::unexpected(ok.error());
  if (!context.is_base) note_merge(model, added, document.resets, notes_);
  Path path;
  drop(model, path, document.resets);
  if (!context.is_base)
    if (auto ok = apply_includes(added, context, included); !ok) return tl::unexpected(ok.error());
  auto merged = merge_models(std::move(model), std::move(added));
  if (!merged) return merged;
  if (auto ok = drop_repeats(*merged); !ok) return tl::unexpected(ok.error());
  if (!context.is_base)
    if (auto ok = check(*merged, context); !ok) return tl::unexpected(ok.error());
  if (auto ok = write_out(*merged, diagnostics_); !ok) return tl::unexpected(ok.error());
  omit_empty(*merged);
  if (auto ok = drop_repeats(*merged); !ok) return tl::unexpected(ok.error());
  return merged;
}

Loaded<Value> Loader::load_file(const ConfigFile& config, const Context& context, Value model, Resets* resets,
                                const std::vector<std::string>& included) {
  const base::SourceFile* file = config.text;
  if (auto ok = charge_file(config.path); !ok) return tl::unexpected(ok.error());
  if (!file) {
    auto opened = open(config.path);
    if (!opened) return tl::unexpected(opened.error());
    file = *opened;
  }
  auto documents = read_documents(*file, parsed(*file), config.path, notes_, diagnostics_);
  if (!documents) return tl::unexpected(documents.error());
  std::vector<std::string> chain = included;
  for (YamlDocument& document : *documents) {
    if (auto ok = charge_values(document.value, document.value.place); !ok) return tl::unexpected(ok.error());
    if (resets) *resets = document.resets;
    chain.push_back(config.path);
    auto loaded = load_document(std::move(document), context, std::move(model), chain);
    if (!loaded) return loaded;
    model = std::move(*loaded);
  }
  return model;
}

Loaded<Value> Loader::load_model(const std::vector<ConfigFile>& configs, const Context& context,
                                 const std::vector<std::string>& included) {
  Value model = make_map();
  for (const ConfigFile& config : configs) {
    Context own = context;
    own.file = config.path;
    auto loaded = load_file(config, own, std::move(model), nullptr, included);
    if (!loaded) return loaded;
    model = std::move(*loaded);
  }
  set_defaults(model);
  if (auto ok = validate(model); !ok) return tl::unexpected(ok.error());
  const auto expand = [this](const std::string& path) { return expand_user(path); };
  if (auto ok = resolve_paths(model, context.working_directory, expand); !ok) return tl::unexpected(ok.error());
  return model;
}

Loaded<Value> Loader::load(const std::vector<ConfigFile>& configs, const std::string& working_directory,
                           const Environment& environment) {
  Context context;
  context.working_directory = working_directory;
  context.extends_base = working_directory;
  context.environment = &environment;
  auto model = load_model(configs, context, {});
  if (model && model->items.empty()) return refuse("empty compose file");
  return model;
}

}  // namespace callgate::compose
