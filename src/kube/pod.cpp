// SPDX-License-Identifier: Apache-2.0
#include "kube/pod.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callgate::kube {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kPaths{{
    {"CronJob", "spec.jobTemplate.spec.template"},
    {"DaemonSet", "spec.template"},
    {"Deployment", "spec.template"},
    {"Job", "spec.template"},
    {"Pod", ""},
    {"PodTemplate", "template"},
    {"ReplicaSet", "spec.template"},
    {"ReplicationController", "spec.template"},
    {"StatefulSet", "spec.template"},
}};

constexpr std::array<std::pair<Role, std::string_view>, 3> kLists{{
    {Role::init, "initContainers"},
    {Role::container, "containers"},
    {Role::ephemeral, "ephemeralContainers"},
}};

std::optional<Seccomp> read_seccomp(text::Node security) {
  const text::Node profile = field(security, "seccompProfile");
  if (!profile || !profile.is_object()) return std::nullopt;
  Seccomp out;
  out.type = string_field(profile, "type");
  out.place = profile.key_span();
  const text::Node type = field(profile, "type");
  out.type_place = type ? type.span() : out.place;
  out.path_place = out.place;
  if (const text::Node path = field(profile, "localhostProfile"); path && path.is_string()) {
    out.localhost_profile = std::string(path.text());
    out.path_place = path.span();
  }
  return out;
}

PodContainer read_container(text::Node node, Role role, std::size_t index) {
  PodContainer out;
  out.role = role;
  out.index = index;
  out.node = node;
  out.name = string_field(node, "name");
  out.image = string_field(node, "image");
  out.security = field(node, "securityContext");
  out.seccomp = read_seccomp(out.security);
  out.privileged = bool_field(out.security, "privileged").value_or(false);
  out.allow_privilege_escalation = bool_field(out.security, "allowPrivilegeEscalation");
  const text::Node capabilities = field(out.security, "capabilities");
  out.cap_add = string_list(capabilities, "add");
  out.cap_drop = string_list(capabilities, "drop");
  return out;
}

void read_spec(Pod& pod) {
  pod.security = field(pod.spec, "securityContext");
  pod.seccomp = read_seccomp(pod.security);
  for (const auto& [role, list_name] : kLists) {
    const text::Node list = field(pod.spec, list_name);
    if (!list || !list.is_array()) continue;
    std::size_t index = 0;
    for (const text::Node each : list) {
      if (each.is_object()) pod.containers.push_back(read_container(each, role, index));
      ++index;
    }
  }
  if (const text::Node runtime = field(pod.spec, "runtimeClassName"); runtime && runtime.is_string()) {
    pod.runtime_class = std::string(runtime.text());
    pod.runtime_class_place = runtime.span();
  }
  pod.os = string_field(field(pod.spec, "os"), "name");
  pod.host_users = bool_field(pod.spec, "hostUsers");
}

}  // namespace

text::Node field(text::Node object, std::string_view name) {
  if (!object || !object.is_object()) return {};
  const text::Node found = object.find(name);
  return found && !found.is_null() ? found : text::Node();
}

std::string_view string_field(text::Node object, std::string_view name) {
  const text::Node found = field(object, name);
  return found && found.is_string() ? found.text() : std::string_view();
}

std::optional<bool> truth(text::Node node) {
  if (!node) return std::nullopt;
  if (const auto plain = node.as_bool()) return plain;
  if (!node.is_string() || node.style() != text::ScalarStyle::plain) return std::nullopt;
  constexpr std::array kYes{"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::array kNo{"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
  if (std::find(kYes.begin(), kYes.end(), node.text()) != kYes.end()) return true;
  if (std::find(kNo.begin(), kNo.end(), node.text()) != kNo.end()) return false;
  return std::nullopt;
}

std::optional<bool> bool_field(text::Node object, std::string_view name) {
  return truth(field(object, name));
}

std::vector<std::string> string_list(text::Node object, std::string_view name) {
  std::vector<std::string> out;
  const text::Node list = field(object, name);
  if (!list || !list.is_array()) return out;
  for (const text::Node each : list)
    if (each.is_string()) out.emplace_back(each.text());
  return out;
}

std::vector<text::Node> elements(text::Node object, std::string_view name) {
  const text::Node list = field(object, name);
  if (!list || !list.is_array()) return {};
  std::vector<text::Node> out;
  out.reserve(list.size());
  for (const text::Node each : list) out.push_back(each);
  return out;
}

std::string_view name(Role role) {
  constexpr std::array<std::string_view, 3> kNames{"container", "init container", "ephemeral container"};
  return kNames[static_cast<std::size_t>(role)];
}

const Annotation* Pod::annotation(std::string_view key) const {
  const auto found =
      std::find_if(annotations.begin(), annotations.end(), [&](const Annotation& each) { return each.key == key; });
  return found == annotations.end() ? nullptr : &*found;
}

std::string Pod::container_path(const PodContainer& container) const {
  const auto list =
      std::find_if(kLists.begin(), kLists.end(), [&](const auto& row) { return row.first == container.role; });
  return fmt::format("{}.{}[{}]", spec_path(), list->second, container.index);
}

std::optional<std::string_view> pod_path(std::string_view kind) {
  const auto found = std::find_if(kPaths.begin(), kPaths.end(), [&](const auto& row) { return row.first == kind; });
  return found == kPaths.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Pod> read_pod(text::Node object) {
  const std::string_view kind = string_field(object, "kind");
  const auto path = pod_path(kind);
  if (!path) return std::nullopt;
  Pod pod;
  pod.kind = kind;
  pod.object = object;
  pod.path = *path;
  const text::Node own = field(object, "metadata");
  pod.name = string_field(own, "name");
  pod.name_space = string_field(own, "namespace");
  text::Node at = object;
  if (!path->empty())
    for (const std::string_view step : base::split(*path, '.')) at = field(at, step);
  pod.metadata = field(at, "metadata");
  pod.spec = field(at, "spec");
  if (!pod.spec) return std::nullopt;
  pod.source = object.span();
  if (const text::Node annotations = field(pod.metadata, "annotations"); annotations && annotations.is_object())
    for (const text::Node each : annotations)
      if (each.is_string() || each.is_null()) {  // null is the empty text in a map of texts
        std::erase_if(pod.annotations, [&](const Annotation& earlier) { return earlier.key == each.key(); });
        pod.annotations.push_back(
            {std::string(each.key()), each.is_null() ? "" : std::string(each.text()), each.key_span()});
      }
  read_spec(pod);
  return pod;
}

std::int64_t host_port(const Pod& pod, const PodContainer& container, text::Node port) {
  const auto number = [&](std::string_view name) {
    const text::Node found = field(port, name);
    return found ? found.as_i64().value_or(0) : 0;
  };
  const std::int64_t said = number("hostPort");
  if (said != 0 || pod.is_template() || container.role == Role::ephemeral) return said;
  return bool_field(pod.spec, "hostNetwork") == true ? number("containerPort") : 0;
}

}  // namespace callgate::kube
