// SPDX-License-Identifier: Apache-2.0
#include "resolve/resolve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/text.h"
#include "resolve/diagnostic_ids.h"
#include "resolve/kind.h"
#include "text/node.h"

namespace callgate::resolve {

namespace {

constexpr std::string_view kKinds =
    "give a Compose file or project, a Kubernetes manifest, the output of `docker inspect`, or a script";

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class Resolver {
 public:
  Resolver(const Options& options, container::World& world, manifest::Answer& answer, base::Diagnostics& diagnostics)
      : options_(options), world_(world), answer_(answer), diagnostics_(diagnostics) {}

  bool path(const std::string& path) {
    if (is_directory(manifest::join_path(world_.files.working_directory(), path))) return directory(path);
    const auto file = path == "-" ? world_.files.standard_input() : world_.files.open(path, path);
    if (!file) {
      diagnostics_.add(kUnknownKind, {}, file.error().message);
      return false;
    }
    return text(path, **file);
  }

  // What was gathered of Kubernetes' objects.
  void finish() {
    if (!objects_.empty()) kube::resolve_objects(objects_, options_.kube, world_, answer_, diagnostics_);
  }

 private:
  bool directory(const std::string& path) {
    const std::size_t before = answer_.objects.size();
    compose::Options project = options_.compose;
    project.project_directory = path;
    for (const std::string_view name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}) {
      const std::string file = fmt::format("{}/{}", path, name);
      struct stat status{};
      if (::stat(manifest::join_path(world_.files.working_directory(), file).c_str(), &status) != 0) continue;
      project.files = {file};
      const std::string override_file =
          fmt::format("{}/{}.override.{}", path, name.substr(0, name.rfind('.')), name.substr(name.rfind('.') + 1));
      if (::stat(manifest::join_path(world_.files.working_directory(), override_file).c_str(), &status) == 0)
        project.files.push_back(override_file);
      compose::resolve_project(project, world_, answer_, diagnostics_);
      return answer_.objects.size() >= before;
    }
    return manifests(path);
  }

  // Every manifest of a directory, as kubectl takes it: those of its folders are not read.
  bool manifests(const std::string& path) {
    bool any = false, readable = true;
    const auto names = manifest::names_in(manifest::join_path(world_.files.working_directory(), path));
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      if (!name.ends_with(".yaml") && !name.ends_with(".yml") && !name.ends_with(".json")) continue;
      const std::string each = fmt::format("{}/{}", path, name);
      const auto file = world_.files.open(each, each);
      if (!file) continue;
      any = true;
      readable = (classify(**file, diagnostics_).kind == InputKind::kubernetes
                      ? objects(**file)
                      : not_resolved(**file, "no Kubernetes manifest, and read as one of its directory")) &&
                 readable;
    }
    if (any) return readable;
    diagnostics_.add(kDirectory, {}, fmt::format("'{}' is a directory without a Compose project or a manifest", path),
                     std::string(kKinds));
    return false;
  }

  bool text(const std::string& path, const base::SourceFile& file) {
    const Kind kind = classify(file, diagnostics_);
    switch (kind.kind) {
      case InputKind::compose: {
        compose::Options project = options_.compose;
        project.files = {path};
        compose::resolve_project(project, world_, answer_, diagnostics_);
        return true;
      }
      case InputKind::mixed: {
        base::Diagnostic& mixed = diagnostics_.add(kMixedKinds, kind.second,
                                                   "a Kubernetes object in a file that also holds a Compose project",
                                                   "put each into a file of its own");
        mixed.notes.push_back({kind.first, "the Compose project begins here"});
        return false;
      }
      case InputKind::profile:
        diagnostics_.add(kIsProfile, whole(file), "this is a seccomp profile, not a manifest",
                         "`callgate explain` tells what it means, `callgate lint` what is wrong with it");
        return false;
      case InputKind::malformed:
        return false;
      case InputKind::kubernetes:
        return objects(file);
      case InputKind::inspect:
        return inspected(file);
      case InputKind::daemon_json:
        return not_resolved(file,
                            "dockerd's configuration: give it with --daemon-config, beside what it is to hold for");
      case InputKind::script:
        break;
    }
    return script(file);
  }

  bool objects(const base::SourceFile& file) {
    text::ReadLimits limits;
    limits.keep_repeated_keys = true;
    auto documents = text::read_yaml(file, diagnostics_, limits);
    if (!documents) return false;
    for (text::Document& each : *documents) objects_.push_back(std::move(each));
    return true;
  }

  bool inspected(const base::SourceFile& file) {
    const auto document = text::read_json(file, diagnostics_);
    if (!document) return false;
    container::resolve_inspect(document->root(), world_, answer_, diagnostics_);
    return true;
  }

  bool script(const base::SourceFile& file) {
    const std::size_t before = answer_.containers.size();
    const std::size_t errors = diagnostics_.error_count();
    container::resolve_script(file, world_, answer_, diagnostics_);
    if (answer_.containers.size() > before || diagnostics_.error_count() > errors) return true;
    return not_resolved(file, "no manifest, and it holds no command line that makes a container");
  }

  bool not_resolved(const base::SourceFile& file, std::string_view what) {
    diagnostics_.add(kNotResolved, whole(file), fmt::format("this is {}", what), std::string(kKinds));
    return false;
  }
  static base::Span whole(const base::SourceFile& file) { return {&file, 0, 0}; }

  std::vector<text::Document> objects_;
  const Options& options_;
  container::World& world_;
  manifest::Answer& answer_;
  base::Diagnostics& diagnostics_;
};

}  // namespace

namespace {

// Of what -f names; what cannot be read is left to those who say so.
bool holds_objects(const std::string& path, container::World& world) {
  if (is_project(path, world)) return true;
  const auto file = path == "-" ? world.files.standard_input() : world.files.open(path, path);
  base::Diagnostics ignored;
  return file && classify(**file, ignored).kind == InputKind::kubernetes;
}

}  // namespace

bool resolve_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                   manifest::Answer& answer, base::Diagnostics& diagnostics) {
  Resolver resolver(options, world, answer, diagnostics);
  bool readable = true;
  for (const std::string& each : paths) readable = resolver.path(each) && readable;
  resolver.finish();
  return readable;
}

bool is_project(const std::string& path, const container::World& world) {
  return is_directory(manifest::join_path(world.files.working_directory(), path));
}

bool resolve_project(const Options& options, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics) {
  const std::vector<std::string>& files = options.compose.files;
  std::string_view manifest, other;
  for (const std::string& each : files) (holds_objects(each, world) ? manifest : other) = each;
  if (manifest.empty()) {
    compose::resolve_project(options.compose, world, answer, diagnostics);
    return true;
  }
  if (other.empty()) return resolve_paths(files, options, world, answer, diagnostics);
  diagnostics.add(kMixedKinds, {},
                  fmt::format("'{}' holds Kubernetes' objects, and '{}' does not", base::printable(manifest),
                              base::printable(other)),
                  "-f takes the files of one Compose project, or manifests; give both without -f");
  return false;
}

bool is_command(std::span<const std::string> words) {
  if (words.size() < 2) return false;
  const std::string_view program = std::string_view(words.front()).substr(words.front().rfind('/') + 1);
  return program == "docker" || program == "docker-compose" || program == "podman" || program == "nerdctl";
}

bool resolve_command(std::span<const std::string> words, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics) {
  if (compose::is_compose_command(words)) {
    compose::resolve_command_line(words, world, answer, diagnostics);
    return true;
  }
  if (const auto placed = container::place_words(words, world.files); kube::is_kube_play(placed)) {
    kube::resolve_kube_play(placed, world, answer, diagnostics);
    return true;
  }
  if (container::is_command_line(words)) {
    container::resolve_line(words, world, answer, diagnostics);
    return true;
  }
  diagnostics.add(kNoContainer, {},
                  fmt::format("'{}' makes no container", base::printable(fmt::format("{}", fmt::join(words, " ")))),
                  "write docker, podman or nerdctl with run, create or exec, or docker compose with up, create or run");
  return false;
}

}  // namespace callgate::resolve
