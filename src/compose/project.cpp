// SPDX-License-Identifier: Apache-2.0
#include "compose/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/io.h"
#include "base/text.h"
#include "compose/complete.h"
#include "compose/diagnostic_ids.h"
#include "compose/env_files.h"
#include "compose/paths.h"
#include "manifest/go_text.h"
#include "text/node.h"

namespace callgate::compose {
namespace {

constexpr std::array<std::string_view, 4> kNames{"compose.yaml", "compose.yml", "docker-compose.yml",
                                                 "docker-compose.yaml"};
constexpr std::array<std::string_view, 4> kOverrideNames{"compose.override.yml", "compose.override.yaml",
                                                         "docker-compose.override.yml", "docker-compose.override.yaml"};

std::string base_of(const std::string& path) {
  return path == "/" ? path : path.substr(path.rfind('/') + 1);
}

std::vector<std::string> candidates(const std::array<std::string_view, 4>& names, const std::string& directory) {
  std::vector<std::string> found;
  for (const std::string_view name : names)
    if (std::string path = manifest::join_path(directory, name); look_at(path) != Found::nothing)
      found.push_back(std::move(path));
  return found;
}

class Finder {
 public:
  Finder(const Options& options, manifest::Files& files, Loader& loader, base::Diagnostics& diagnostics)
      : options_(options), files_(files), loader_(loader), diagnostics_(diagnostics) {}
  Loaded<Project> run(const std::vector<std::string>& environment);

 private:
  std::string working_directory() const;
  Loaded<bool> read_env_files();
  Loaded<bool> find_files();
  void find_default_files();
  Loaded<std::vector<ConfigFile>> open_files();
  Loaded<bool> find_name(const std::vector<ConfigFile>& configs);
  Loaded<std::optional<std::string>> plain_name(const base::SourceFile& file);
  const std::string& pick(const std::vector<std::string>& found, std::string_view kind);
  std::string variable(std::string_view name) const {
    const auto found = project_.environment.find(name);
    return found == project_.environment.end() ? "" : found->second;
  }

  const Options& options_;
  manifest::Files& files_;
  Loader& loader_;
  base::Diagnostics& diagnostics_;
  Project project_;
};

std::string Finder::working_directory() const {
  if (!options_.project_directory.empty())
    return manifest::join_path(files_.working_directory(), options_.project_directory);
  for (const std::string& file : project_.files)
    if (file != "-") return directory_of(manifest::join_path(files_.working_directory(), file));
  return files_.working_directory();
}

// --env-file, else the .env of the project's directory; done before the files are looked for and after.
Loaded<bool> Finder::read_env_files() {
  std::vector<std::string> paths = options_.env_files;
  if (paths.empty()) {
    const std::string names = variable("COMPOSE_ENV_FILES");
    for (const std::string_view path : base::split(names, ','))
      if (!path.empty()) paths.emplace_back(path);
  }
  for (std::string& path : paths) path = manifest::join_path(files_.working_directory(), path);
  if (paths.empty()) {
    const std::string disabled = variable("COMPOSE_DISABLE_ENV_FILE");
    if (disabled == "1" || base::to_lower(disabled) == "true" || disabled == "t" || disabled == "T") return true;
    std::string usual = manifest::join_path(working_directory(), ".env");
    if (look_at(usual) == Found::file) paths.push_back(std::move(usual));
  }
  auto variables = loader_.read_environment(paths, project_.environment);
  if (!variables) return tl::unexpected(variables.error());
  project_.environment.merge(*variables);  // what is there already stays
  return true;
}

const std::string& Finder::pick(const std::vector<std::string>& found, std::string_view kind) {
  if (found.size() > 1) {
    diagnostics_.add(kSeveralFiles, {},
                     fmt::format("Found multiple {} files with supported names: {}", kind, fmt::join(found, ", ")),
                     fmt::format("Using {}", found.front()));
  }
  return found.front();
}

void Finder::find_default_files() {
  for (std::string directory = working_directory();; directory = directory_of(directory)) {
    if (const auto found = candidates(kNames, directory); !found.empty()) {
      project_.files.push_back(pick(found, "config"));
      const auto overrides = candidates(kOverrideNames, directory);
      if (!overrides.empty()) project_.files.push_back(pick(overrides, "override"));
      return;
    }
    if (directory == "/") return;
  }
}

Loaded<bool> Finder::find_files() {
  project_.files = options_.files;
  if (auto ok = read_env_files(); !ok) return ok;
  if (project_.files.empty() && project_.environment.contains("COMPOSE_FILE")) {
    const std::string named = variable("COMPOSE_FILE");
    std::string separator = variable("COMPOSE_PATH_SEPARATOR");
    if (separator.empty()) separator = ":";
    for (std::size_t at = 0; at <= named.size();) {
      const std::size_t end = std::min(named.find(separator, at), named.size());
      const std::string part = named.substr(at, end - at);
      at = end + separator.size();
      std::string path = part == "-" ? part : manifest::join_path(files_.working_directory(), part);
      if (path != "-" && look_at(path) == Found::nothing)
        return refuse(fmt::format("stat {}: no such file or directory", path));
      project_.files.push_back(std::move(path));
    }
  }
  if (project_.files.empty()) find_default_files();
  return read_env_files();
}

Loaded<std::vector<ConfigFile>> Finder::open_files() {
  if (project_.files.empty()) return refuse("no configuration file provided: not found");
  std::vector<ConfigFile> configs;
  for (std::string& name : project_.files) {
    if (name == "-") {
      const auto file = files_.standard_input();
      if (!file) return refuse(file.error().message);
      configs.push_back({"-", *file});
      continue;
    }
    if (is_remote_file(name)) {
      diagnostics_.add(kRemoteFile, {}, fmt::format("'{}' would be downloaded", name), "fetch it and name the copy");
      return refuse_limit("cannot read " + name);
    }
    name = manifest::join_path(files_.working_directory(), name);
    auto file = loader_.open(name);
    if (!file) return tl::unexpected(file.error());
    configs.push_back({name, *file});
  }
  return configs;
}

// The first document's "name", read on its own before anything else is: this is where a text that is no YAML fails.
Loaded<std::optional<std::string>> Finder::plain_name(const base::SourceFile& file) {
  const ParsedYaml& yaml = loader_.parsed(file);
  const auto& documents = yaml.documents;
  if (!documents) {
    const auto words = failure_words(file, yaml);
    if (!words) return std::optional<std::string>();  // the load will say it
    diagnostics_.append(yaml.found);
    return refuse(*words, yaml.found.items().front().span);
  }
  if (documents->empty() || documents->front().root().is_null()) return std::optional<std::string>();
  const text::Node root = documents->front().root();
  const auto cannot = [&](text::Node node, std::string_view into) {
    std::string what = node.is_object() ? "!!map" : node.is_array() ? "!!seq" : "!!str";
    if (!node.is_object() && !node.is_array()) {
      const std::string text(node.text());
      what += fmt::format(" `{}`", text.size() > 10 ? text.substr(0, 7) + "..." : text);
    }
    return refuse(fmt::format("yaml: unmarshal errors:\n  line {}: cannot unmarshal {} into {}",
                              file.position(node.span().begin).line, what, into),
                  node.span());
  };
  if (!root.is_object()) return cannot(root, "cli.named");
  const text::Node name = root.find("name");
  if (!name || name.is_null()) return std::optional<std::string>();
  if (name.is_object() || name.is_array()) return cannot(name, "string");
  return std::optional(std::string(name.text()));
}

std::string bad_name(std::string_view name) {
  return fmt::format(
      "invalid project name {}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as "
      "well "
      "as start with a letter or number",
      manifest::go_quote(name));
}

Loaded<bool> Finder::find_name(const std::vector<ConfigFile>& configs) {
  bool is_named = false;
  if (options_.project_name.empty())
    for (const ConfigFile& config : configs) {
      auto name = plain_name(*config.text);
      if (!name) return tl::unexpected(name.error());
      is_named = is_named || (*name && !(*name)->empty());
      if (is_named) break;
    }
  const std::string given = options_.project_name.empty() ? variable("COMPOSE_PROJECT_NAME") : options_.project_name;
  if (!given.empty()) {
    if (normal_project_name(given) != given) return refuse(bad_name(given));
    project_.name = given;
  } else {
    if (!is_named) project_.name = normal_project_name(base_of(project_.directory));
    auto written = loader_.name_in_files(configs, project_.environment);
    if (!written) return tl::unexpected(written.error());
    if (const std::string name = normal_project_name(*written); !name.empty()) project_.name = name;
  }
  project_.environment["COMPOSE_PROJECT_NAME"] = project_.name;
  return true;
}

Loaded<Project> Finder::run(const std::vector<std::string>& environment) {
  for (const std::string& line : environment) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) project_.environment.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  project_.environment.emplace("PWD", files_.working_directory());
  if (auto ok = find_files(); !ok) return tl::unexpected(ok.error());
  project_.profiles = options_.profiles;
  if (project_.profiles.empty()) {
    const std::string names = variable("COMPOSE_PROFILES");  // what is split must live as long as its parts
    for (const std::string_view profile : base::split(names, ',')) project_.profiles.emplace_back(base::trim(profile));
  }
  if (normal_project_name(options_.project_name) != options_.project_name)
    return refuse(bad_name(options_.project_name));
  project_.directory = working_directory();
  auto configs = open_files();
  if (!configs) return tl::unexpected(configs.error());
  if (auto ok = find_name(*configs); !ok) return tl::unexpected(ok.error());
  auto model = loader_.load(*configs, project_.directory, project_.environment);
  if (!model) return tl::unexpected(model.error());
  if (project_.name.empty()) return refuse("project name must not be empty");
  project_.model = std::move(*model);
  normalize(project_.model);
  return std::move(project_);
}

std::vector<std::string> profiles_of(const Value& service) {
  std::vector<std::string> out;
  if (const Value* profiles = service.find("profiles"))
    for (const Value& profile : profiles->items) out.push_back(profile.text);
  return out;
}

bool is_enabled(const std::vector<std::string>& own, const std::vector<std::string>& wanted) {
  if (own.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&own](const std::string& profile) {
    return profile == "*" || std::find(own.begin(), own.end(), profile) != own.end();
  });
}

// Takes the services whose profiles are not wanted out of the model.
void apply_profiles(Project& project, std::vector<Value>& disabled) {
  Value* services = project.model.find("services");
  if (!services) return;
  for (Value& service : disabled) services->items.push_back(std::move(service));
  disabled.clear();
  const auto enabled = [&](const Value& service) { return is_enabled(profiles_of(service), project.profiles); };
  const auto first = std::stable_partition(services->items.begin(), services->items.end(), enabled);
  disabled.assign(std::make_move_iterator(first), std::make_move_iterator(services->items.end()));
  services->items.erase(first, services->items.end());
}

// The named services and what they need, in the order of the file.
class Selection {
 public:
  Selection(const Value& services, bool with_dependencies) : services_(services), with_(with_dependencies) {}
  Loaded<bool> add(const std::string& name, bool required) {
    const Value* service = services_.find(name);
    if (!service) return required ? Loaded<bool>(refuse("no such service: " + name)) : Loaded<bool>(true);
    if (!chosen_.insert(name).second || !with_) return true;
    const Value* needs = service->find("depends_on");
    if (!needs || !needs->is_map()) return true;
    for (const Value& need : needs->items) {
      const Value* is_required = need.find("required");
      if (auto ok = add(need.key, !is_required || is_required->is_true()); !ok) return ok;
    }
    return true;
  }
  bool has(const std::string& name) const { return chosen_.contains(name); }

 private:
  const Value& services_;
  bool with_;
  std::set<std::string> chosen_;
};

Loaded<bool> select(Project& project, const Options& options) {
  Value* services = project.model.find("services");
  if (options.services.empty()) return true;
  const Value none = make_map();
  Selection selection(services ? *services : none, options.with_dependencies);
  for (const std::string& name : options.services)
    if (auto ok = selection.add(name, true); !ok) return ok;
  std::erase_if(services->items, [&selection](const Value& service) { return !selection.has(service.key); });
  return true;
}

}  // namespace

std::string normal_project_name(std::string_view text) {
  std::string out;
  for (const char c : base::to_lower(text))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || ((c == '_' || c == '-') && !out.empty())) out += c;
  return out;
}

Loaded<Project> load_project(const Options& options, const std::vector<std::string>& environment,
                             manifest::Files& files, Loader& loader, base::Diagnostics& diagnostics) {
  auto project = Finder(options, files, loader, diagnostics).run(environment);
  if (!project) return project;
  std::vector<Value> disabled;
  apply_profiles(*project, disabled);
  for (const Value& service : disabled)
    project->disabled.push_back({service.key, profiles_of(service), service.key_place});
  if (auto ok = check_consistency(*project); !ok) return tl::unexpected(ok.error());
  // A service named on the command line brings its profiles with it.
  for (const std::string& name : options.services)
    for (const Project::Disabled& off : project->disabled)
      if (off.name == name) project->profiles.insert(project->profiles.end(), off.profiles.begin(), off.profiles.end());
  apply_profiles(*project, disabled);
  project->disabled.clear();
  for (const Value& service : disabled)
    project->disabled.push_back({service.key, profiles_of(service), service.key_place});
  if (auto ok = select(*project, options); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_env_files(*project, loader); !ok) return tl::unexpected(ok.error());
  return project;
}

}  // namespace callgate::compose
