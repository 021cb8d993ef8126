// Sources: podman pkg/domain/infra/abi/play.go (readConfigMapFromFile), pkg/specgen/generate/kube/{kube,volume}.go of
// v4.3.1 and v5.4.2. SPDX-License-Identifier: Apache-2.0
#include "kube/kube_play_maps.h"

#include <fmt/format.h>

#include "kube/api.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

std::string name_of(text::Node object) {
  return std::string(string_field(field(object, "metadata"), "name"));
}

bool optional(text::Node reference) {
  return bool_field(reference, "optional").value_or(false);
}

}  // namespace

PlayedMaps::PlayedMaps(std::span<const text::Node> objects, const PlayOptions& options, manifest::Files& files) {
  for (const text::Node each : objects)
    if (string_field(each, "kind") == "ConfigMap") maps_.emplace(name_of(each), each);
  for (const std::string& path : options.config_maps)
    if (refusal_.empty()) read(path, options.version, files);
}

void PlayedMaps::read(const std::string& path, container::EngineVersion version, manifest::Files& files) {
  const auto file = files.open(path, path);
  if (!file) {
    refusal_ = file.error().message;
    return;
  }
  base::Diagnostics ignored;
  auto documents = text::read_yaml(**file, ignored);
  const auto refuse = [&](const std::string& words) {
    refusal_ = fmt::format("{}: {}", manifest::go_quote(path), words);
  };
  if (!documents) return refuse("unable to read YAML as Kube ConfigMap");
  for (text::Document& each : *documents) {
    const text::Node root = documents_.emplace_back(std::move(each)).root();
    if (!root || !root.is_object()) continue;
    if (string_field(root, "kind") != "ConfigMap")
      return refuse(fmt::format("invalid YAML kind: {}. [ConfigMap] is the only supported by --configmap",
                                manifest::go_quote(string_field(root, "kind"))));
    std::string name = name_of(root);
    if (const auto known = maps_.find(name); known != maps_.end() && known->second.span().file != *file)
      return void(refusal_ = fmt::format(
                      "ambiguous configuration: the same config map {} is present in YAML and in --configmaps {} file",
                      name, path));
    maps_.insert_or_assign(std::move(name), root);
    if (version < container::EngineVersion{5, 0}) break;  // the first document alone
  }
}

std::string PlayedMaps::refusal_of_volumes(const Pod& pod) const {
  if (!refusal_.empty()) return refusal_;
  for (const text::Node volume : elements(pod.spec, "volumes")) {
    const text::Node map = field(volume, "configMap");
    if (!map || !map.is_object() || optional(map) || maps_.contains(string_field(map, "name"))) continue;
    return fmt::format("failed to create volume {}: no such ConfigMap {}",
                       manifest::go_quote(string_field(volume, "name")), manifest::go_quote(string_field(map, "name")));
  }
  return {};
}

std::string PlayedMaps::refusal_of_variable(text::Node variable) const {
  const text::Node reference = field(field(variable, "valueFrom"), "configMapKeyRef");
  if (!reference || !reference.is_object() || optional(reference)) return {};
  const std::string_view variable_name = string_field(variable, "name"), name = string_field(reference, "name");
  const auto map = maps_.find(name);
  if (map == maps_.end()) return fmt::format("cannot set env {}: configmap {} not found", variable_name, name);
  const std::string_view key = string_field(reference, "key");
  const text::Node data = field(map->second, "data");
  if (data && data.is_object() && data.find(key)) return {};
  return fmt::format("cannot set env {}: key {} not found in configmap {}", variable_name, key, name);
}

std::string PlayedMaps::refusal_of_environment(const PodContainer& container) const {
  for (const text::Node variable : elements(container.node, "env"))
    if (std::string words = refusal_of_variable(variable); !words.empty()) return words;
  for (const text::Node source : elements(container.node, "envFrom")) {
    const text::Node reference = field(source, "configMapRef");
    if (!reference || !reference.is_object() || optional(reference)) continue;
    const std::string_view name = string_field(reference, "name");
    if (!maps_.contains(name)) return fmt::format("configmap {} not found", name);
  }
  return {};
}

}  // namespace callgate::kube
