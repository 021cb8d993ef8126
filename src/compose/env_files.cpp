// SPDX-License-Identifier: Apache-2.0
#include "compose/env_files.h"

#include <fmt/format.h>

#include "compose/dotenv.h"
#include "compose/paths.h"
#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

Loaded<bool> check_file(const std::string& path, std::string_view format, base::Span place, const Project& project,
                        Loader& loader) {
  auto file = loader.open(path);
  if (!file) return tl::unexpected(Refusal{file.error().message, place});
  if (format == "raw") return true;
  if (!format.empty() && format != ".env")
    return refuse(fmt::format("unsupported env_file format {}", manifest::go_quote(format)), place);
  Environment variables;
  const Lookup lookup = [&project](std::string_view name) -> std::optional<std::string> {
    const auto found = project.environment.find(name);
    return found == project.environment.end() ? std::nullopt : std::optional(found->second);
  };
  auto ok = read_dotenv(**file, lookup, variables);
  if (ok) return ok;
  Refusal refusal = ok.error();
  refusal.message = fmt::format("failed to read {}: {}", path, refusal.message);
  return tl::unexpected(std::move(refusal));
}

Loaded<bool> check_labels(const Value& service, const Project& project, Loader& loader) {
  const Value* files = service.find("label_file");
  if (!files) return true;
  for (const Value& file : files->items) {
    if (look_at(file.text) == Found::nothing)
      return refuse(fmt::format("label file {} not found: stat {}: no such file or directory", file.text, file.text),
                    file.place);
    if (auto ok = check_file(file.text, "", file.place, project, loader); !ok) return ok;
  }
  return true;
}

Loaded<bool> check_environment(const Value& service, const Project& project, Loader& loader) {
  const Value* files = service.find("env_file");
  if (!files) return true;
  for (const Value& entry : files->items) {
    const Value* path = entry.find("path");
    if (!path) continue;
    const Value* required = entry.find("required");
    if (look_at(path->text) == Found::nothing) {
      if (required && (required->text == "false")) continue;
      return refuse(fmt::format("env file {} not found: stat {}: no such file or directory", path->text, path->text),
                    path->place);
    }
    const Value* format = entry.find("format");
    if (auto ok = check_file(path->text, format ? format->text : "", path->place, project, loader); !ok) return ok;
  }
  return true;
}

}  // namespace

Loaded<bool> check_env_files(const Project& project, Loader& loader) {
  const Value* services = project.model.find("services");
  if (!services) return true;
  for (const Value& service : services->items)
    if (auto ok = check_labels(service, project, loader); !ok) return ok;
  for (const Value& service : services->items)
    if (auto ok = check_environment(service, project, loader); !ok) return ok;
  return true;
}

}  // namespace callgate::compose
