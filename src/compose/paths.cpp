// SPDX-License-Identifier: Apache-2.0
#include "compose/paths.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "manifest/files.h"

namespace callgate::compose {
namespace {

constexpr std::array<std::string_view, 9> kPaths{"services.*.build.context",
                                                 "services.*.env_file.*.path",
                                                 "services.*.label_file.*",
                                                 "services.*.extends.file",
                                                 "services.*.develop.watch.*.path",
                                                 "configs.*.file",
                                                 "secrets.*.file",
                                                 "services.*.volumes.*",
                                                 "services.*.build.additional_contexts.*"};

// A build context may be a URL or name another service or image.
bool is_remote(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with("git@") || text.starts_with("github.com/") ||
         text.starts_with("service:");
}

class Resolver {
 public:
  Resolver(const std::string& directory, const std::function<std::string(const std::string&)>& expand_user)
      : directory_(directory), expand_user_(expand_user) {}
  Loaded<bool> run(Value& value);

 private:
  void absolute(Value& value) {
    if (value.is_string() && !value.text.empty() && !is_remote(value.text))
      value.text = manifest::join_path(directory_, expand_user_(value.text));
  }
  Loaded<bool> volume(Value& value);
  const std::string& directory_;
  const std::function<std::string(const std::string&)>& expand_user_;
  Path path_;
};

Loaded<bool> Resolver::volume(Value& value) {
  const Value* type = value.find("type");
  if (!type || type->text != "bind") return true;
  Value* source = value.find("source");
  if (!source) return refuse("invalid mount config for type \"bind\": field Source must not be empty", value.place);
  absolute(*source);
  return true;
}

Loaded<bool> Resolver::run(Value& value) {
  const auto here = [this](std::string_view pattern) { return matches(path_, pattern); };
  if (path_.size() > 2 && std::any_of(kPaths.begin(), kPaths.end(), here)) {
    if (path_[0] == "services" && path_[2] == "volumes") return volume(value);
    absolute(value);
    return true;
  }
  return each_below(value, path_, [this](Value& item) { return run(item); });
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Found look_at(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return Found::nothing;
  return S_ISDIR(status.st_mode) ? Found::directory : Found::file;
}

// pkg/remote: "oci://", and what BuildKit takes for a Git reference.
bool is_remote_file(std::string_view path) {
  constexpr std::array<std::string_view, 5> kAlways{"oci://", "git://", "ssh://", "git@", "github.com/"};
  const auto begins = [path](std::string_view prefix) { return path.starts_with(prefix); };
  if (std::any_of(kAlways.begin(), kAlways.end(), begins)) return true;
  const bool is_web = path.starts_with("https://") || path.starts_with("http://");
  return is_web && path.substr(0, path.find('#')).ends_with(".git");
}

Loaded<bool> resolve_paths(Value& model, const std::string& working_directory,
                           const std::function<std::string(const std::string&)>& expand_user) {
  return Resolver(working_directory, expand_user).run(model);
}

}  // namespace callgate::compose
