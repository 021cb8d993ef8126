// Source: security-profiles-operator api/seccompprofile (v1, v1beta1: GetProfilePath), internal/pkg/daemon/
// seccompprofile (the spec is marshalled as it stands). SPDX-License-Identifier: Apache-2.0
#include "kube/operator.h"

#include <fmt/format.h>

#include <vector>

#include "base/json_write.h"
#include "base/text.h"
#include "kube/pod.h"

namespace callgate::kube {

namespace {

constexpr std::string_view kGroup = "security-profiles-operator.x-k8s.io/";

bool is_profile(text::Node object) {
  return string_field(object, "kind") == "SeccompProfile";
}

bool is_off(text::Node spec) {
  return string_field(spec, "state") == "Disabled" || bool_field(spec, "disabled") == true;
}

void write(text::Node node, base::JsonWriter& json) {
  switch (node.kind()) {
    case text::Kind::null:
      json.null();
      return;
    case text::Kind::boolean:
      json.value(node.as_bool() == true);
      return;
    case text::Kind::number:
      if (const auto number = node.as_i64())
        json.value(*number);
      else
        json.value(node.text());
      return;
    case text::Kind::string:
      json.value(node.text());
      return;
    case text::Kind::array:
      json.begin_array();
      for (const text::Node each : node) write(each, json);
      json.end_array();
      return;
    case text::Kind::object:
      json.begin_object();
      for (const text::Node each : node) {
        // Fields that are left out when they are zero.
        if (each.key() == "errnoRet" && each.as_u64() == 0U) continue;
        json.key(each.key());
        write(each, json);
      }
      json.end_object();
  }
}

text::Node find_base(std::span<const text::Node> objects, std::string_view name) {
  for (const text::Node each : objects)
    if (is_operator_object(each) && is_profile(each) && string_field(field(each, "metadata"), "name") == name)
      return field(each, "spec");
  return {};
}

// The rules of the profile, and of the one that it stands on.
void write_rules(text::Node spec, text::Node below, base::JsonWriter& json) {
  json.key("syscalls").begin_array();
  for (const text::Node from : {spec, below}) {
    const text::Node rules = from ? field(from, "syscalls") : text::Node();
    if (!rules || !rules.is_array()) continue;
    for (const text::Node rule : rules) write(rule, json);
  }
  json.end_array();
}

std::string file_text(text::Node spec, std::span<const text::Node> objects) {
  base::JsonWriter json;
  json.begin_object();
  for (const std::string_view name : {"defaultAction", "architectures", "listenerPath", "listenerMetadata", "flags"}) {
    const text::Node member = field(spec, name);
    if (!member) continue;
    json.key(name);
    write(member, json);
  }
  write_rules(spec, find_base(objects, string_field(spec, "baseProfileName")), json);
  json.end_object();
  return json.take();
}

std::vector<std::string> paths_of(text::Node object, std::string_view default_namespace) {
  const text::Node metadata = field(object, "metadata");
  std::string name(string_field(metadata, "name"));
  if (name.empty() || name.find('/') != std::string::npos) return {};
  if (!name.ends_with(".json")) name += ".json";
  const std::string_view space = string_field(metadata, "namespace");
  const bool cluster_wide = string_field(object, "apiVersion").substr(kGroup.size()) == "v1";
  if (cluster_wide) return {"operator/" + name};
  const std::string spaced = fmt::format("operator/{}/{}", space.empty() ? default_namespace : space, name);
  // A v1beta1 object without a namespace is of a release that knows it for the whole cluster, or goes to the default.
  if (space.empty()) return {"operator/" + name, spaced};
  return {spaced};
}

}  // namespace

bool is_operator_object(text::Node object) {
  return object && object.is_object() && string_field(object, "apiVersion").starts_with(kGroup);
}

std::map<std::string, const base::SourceFile*, std::less<>> operator_profiles(std::span<const text::Node> objects,
                                                                              std::string_view default_namespace,
                                                                              manifest::Files& files) {
  std::map<std::string, const base::SourceFile*, std::less<>> out;
  for (const text::Node object : objects) {
    const text::Node spec = is_operator_object(object) && is_profile(object) ? field(object, "spec") : text::Node();
    if (!spec || !spec.is_object() || is_off(spec)) continue;
    const auto paths = paths_of(object, default_namespace);
    if (paths.empty()) continue;
    const base::SourceFile& file = files.keep(paths.front(), file_text(spec, objects));
    for (const std::string& path : paths) out[path] = &file;
  }
  return out;
}

manifest::Object describe_operator_object(text::Node object, std::string_view default_namespace) {
  manifest::Object out;
  out.kind = string_field(object, "kind");
  out.name = string_field(field(object, "metadata"), "name");
  out.source = object.span();
  const text::Node spec = field(object, "spec");
  if (out.kind == "ProfileBinding") {
    const std::string_view kind = string_field(field(spec, "profileRef"), "kind"), image = string_field(spec, "image");
    out.steps.push_back(
        {manifest::Step::Kind::fact,
         fmt::format("the operator's webhook sets the {} on {}, in namespaces labelled spo.x-k8s.io/enable-binding",
                     kind.empty() ? "profile" : base::printable(kind),
                     image == "*" ? "whole Pods" : fmt::format("containers of image '{}'", base::printable(image))),
         object.span()});
    return out;
  }
  if (out.kind != "SeccompProfile" || !spec || !spec.is_object()) return out;
  if (is_off(spec)) {
    out.steps.push_back(
        {manifest::Step::Kind::hazard, "the profile is disabled: the operator writes no file", spec.span()});
    return out;
  }
  for (const std::string& path : paths_of(object, default_namespace))
    out.steps.push_back({manifest::Step::Kind::fact, fmt::format("localhostProfile: {}", path), object.span()});
  if (const std::string_view below = string_field(spec, "baseProfileName"); !below.empty())
    out.steps.push_back(
        {manifest::Step::Kind::hazard,
         fmt::format("the operator adds the rules of '{}'; they count here only where that object is in "
                     "the same input",
                     base::printable(below)),
         field(spec, "baseProfileName").span()});
  return out;
}

}  // namespace callgate::kube
