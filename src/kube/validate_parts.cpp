// SPDX-License-Identifier: Apache-2.0
#include "kube/validate_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/app_armor.h"
#include "kube/names.h"
#include "manifest/go_text.h"

namespace callgate::kube::parts {

using manifest::go_quote;
using text::Node;

namespace {

base::Span place(Node node, Node otherwise) {
  return node ? node.span() : otherwise.span();
}

std::int64_t number(Node object, std::string_view name) {
  const Node found = field(object, name);
  return found ? found.as_i64().value_or(0) : 0;
}

void port_number(std::int64_t value, const std::string& path, base::Span where, FieldErrors& errors) {
  constexpr std::int64_t kHighest = 65535;
  if (value < 1 || value > kHighest)
    errors.invalid(path, fmt::format("{}", value), "must be between 1 and 65535, inclusive", where);
}

// Segments of lower case letters, digits, '-' and '_', with '.' or '/' between them.
bool good_sysctl(std::string_view name) {
  constexpr std::size_t kLongest = 253;
  const auto edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() > kLongest) return false;
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '/', '.');
  const auto parts = base::split(plain, '.');
  return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return !part.empty() && edge(part.front()) && edge(part.back()) &&
           std::all_of(part.begin(), part.end(), [&](char c) { return edge(c) || c == '-' || c == '_'; });
  });
}

// Which of a Pod's namespaces a setting is of (component-helpers/node/util/sysctl): empty for the node's own.
std::string_view namespace_of(std::string_view name) {
  std::string plain(name.substr(0, name.find('*')));
  // Up to the first of either, '.' and '/' are one another's names.
  if (const auto first = plain.find_first_of("./"); first != std::string::npos && plain[first] == '/')
    for (char& c : plain) c = c == '/' ? '.' : c == '.' ? '/' : c;
  constexpr std::array<std::string_view, 10> kIpc{
      "kernel.sem",    "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm",
      "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg",    "kernel.shm_rmid_forced"};
  if (std::find(kIpc.begin(), kIpc.end(), plain) != kIpc.end() || plain.starts_with("fs.mqueue.")) return "hostIPC";
  return plain.starts_with("net.") ? "hostNetwork" : "";
}

void sysctls(const Pod& pod, const std::string& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  std::size_t index = 0;
  for (const Node each : elements(pod.security, "sysctls")) {
    const std::string own = fmt::format("{}[{}].name", path, index++);
    const std::string_view name = string_field(each, "name");
    const base::Span where = place(field(each, "name"), each);
    if (name.empty())
      errors.required(own, "", where);
    else if (!good_sysctl(name))
      errors.invalid(own, go_quote(name),
                     "must have at most 253 characters and match regex "
                     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
                     where);
    else if (seen.contains(name))
      errors.duplicate(own, name, where);
    if (const std::string_view host = namespace_of(name); !host.empty() && bool_field(pod.spec, host) == true)
      errors.invalid(own, go_quote(name), fmt::format("may not be specified when '{}' is true", host), where);
    seen.insert(name);
  }
}

}  // namespace

void ports(const Pod& pod, const PodContainer& container, const std::string& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  std::size_t index = 0;
  for (const Node each : elements(container.node, "ports")) {
    const std::string own = fmt::format("{}.ports[{}].", path, index++);
    const auto where = [&](std::string_view name) { return place(field(each, name), each); };
    if (const std::string_view name = string_field(each, "name"); !name.empty()) {
      const auto faults = port_name_faults(name);
      for (const std::string_view fault : faults) errors.invalid(own + "name", go_quote(name), fault, where("name"));
      if (faults.empty() && !names.insert(name).second) errors.duplicate(own + "name", name, where("name"));
    }
    if (const std::int64_t port = number(each, "containerPort"); port == 0)
      errors.required(own + "containerPort", "", each.span());
    else
      port_number(port, own + "containerPort", where("containerPort"), errors);
    if (const std::int64_t port = host_port(pod, container, each); port != 0)
      port_number(port, own + "hostPort", where("hostPort"), errors);
    if (const std::string_view protocol = string_field(each, "protocol");
        !protocol.empty() && protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
      errors.not_supported(own + "protocol", protocol, {"SCTP", "TCP", "UDP"}, where("protocol"));
  }
}

namespace {

void conflicts(const Pod& pod, const PodContainer& container, const std::string& told_as, std::set<std::string>& seen,
               FieldErrors& errors) {
  std::size_t index = 0;
  for (const Node each : elements(container.node, "ports")) {
    const std::string path = fmt::format("{}.ports[{}].hostPort", told_as, index++);
    const std::int64_t port = host_port(pod, container, each);
    const std::string_view protocol = string_field(each, "protocol");
    const std::string text =
        fmt::format("{}/{}/{}", protocol.empty() ? "TCP" : protocol, string_field(each, "hostIP"), port);
    if (port != 0 && !seen.insert(text).second) errors.duplicate(path, text, each.span());
  }
}

}  // namespace

void host_port_conflicts(const Pod& pod, FieldErrors& errors) {
  std::set<std::string> seen;
  for (const PodContainer& container : pod.containers)
    if (container.role == Role::container) conflicts(pod, container, pod.container_path(container), seen, errors);
}

void host_port_conflicts(const Pod& pod, const PodContainer& init, FieldErrors& errors) {
  std::set<std::string> seen;
  conflicts(pod, init, pod.spec_path() + ".initContainers[0]", seen, errors);  // the server counts from one list of one
}

void host_network(const Pod& pod, FieldErrors& errors) {
  if (bool_field(pod.spec, "hostNetwork") != true) return;
  for (const PodContainer& container : pod.containers) {
    if (container.role != Role::container) continue;
    std::size_t index = 0;
    for (const Node each : elements(container.node, "ports")) {
      const std::string path = fmt::format("{}.ports[{}].hostPort", pod.container_path(container), index++);
      const std::int64_t port = host_port(pod, container, each);
      if ((!pod.is_template() || port != 0) && port != number(each, "containerPort"))
        errors.invalid(path, fmt::format("{}", port), "must match `containerPort` when `hostNetwork` is true",
                       place(field(each, "hostPort"), each));
    }
  }
}

void sharing(const Pod& pod, FieldErrors& errors) {
  const std::string path = pod.spec_path() + ".securityContext";
  constexpr std::int64_t kHighest = 2147483647;
  std::size_t index = 0;
  for (const Node each : elements(pod.security, "supplementalGroups")) {
    const std::string own = fmt::format("{}.supplementalGroups[{}]", path, index++);
    const auto group = each.as_i64();
    if (group && (*group < 0 || *group > kHighest))
      errors.invalid(own, each.text(), "must be between 0 and 2147483647, inclusive", each.span());
  }
  if (bool_field(pod.spec, "shareProcessNamespace") == true && bool_field(pod.spec, "hostPID") == true)
    errors.invalid(path + ".shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled",
                   field(pod.spec, "shareProcessNamespace").key_span());
  sysctls(pod, path + ".sysctls", errors);
}

void image(const Pod& pod, const PodContainer& container, FieldErrors& errors) {
  if (base::trim(container.image) != container.image)
    errors.invalid(pod.container_path(container) + ".image", go_quote(container.image),
                   "must not have leading or trailing whitespace",
                   place(field(container.node, "image"), container.node));
}

void images(const Pod& pod, FieldErrors& errors) {
  for (const Role role : {Role::container, Role::init})
    for (const PodContainer& each : pod.containers)
      if (each.role == role) image(pod, each, errors);
}

void app_armor_annotations(const Pod& pod, const std::string& path, FieldErrors& errors) {
  for (const Annotation& each : pod.annotations) {
    if (!each.key.starts_with(kAppArmorAnnotation)) continue;
    const std::string own = fmt::format("{}[{}]", path, each.key), name = each.key.substr(kAppArmorAnnotation.size());
    const bool there = std::any_of(pod.containers.begin(), pod.containers.end(),
                                   [&](const PodContainer& container) { return container.name == name; });
    if (!there) errors.invalid(own, go_quote(name), "container not found", each.place);
    const std::string& value = each.value;
    if (value.empty() || value == "runtime/default" || value == "unconfined" || value.starts_with("localhost/"))
      continue;
    errors.invalid(own, go_quote(value), fmt::format("invalid AppArmor profile name: {}", go_quote(value)), each.place);
  }
}

void app_armor_agreement(const Pod& pod, FieldErrors& errors) {
  if (pod.os == "windows") return;
  for (const PodContainer& each : pod.containers) {
    const Annotation* const found = pod.annotation(std::string(kAppArmorAnnotation) + each.name);
    if (found == nullptr) continue;
    // An annotation that became the container's field agrees with it.
    if (const auto sync = sync_app_armor(pod, each); sync && sync->field) continue;
    auto profile = read_app_armor(each.security);
    if (!profile) profile = read_app_armor(pod.security);
    if (!profile) continue;
    const std::string path = pod.container_path(each) + ".securityContext.appArmorProfile.";
    constexpr std::string_view kLocal = "localhost/";
    const bool same_type = profile->type == "Unconfined"       ? found->value == "unconfined"
                           : profile->type == "RuntimeDefault" ? found->value == "runtime/default"
                           : profile->type == "Localhost"      ? found->value.starts_with(kLocal)
                                                               : true;
    if (!same_type)
      errors.forbidden(path + "type", "apparmor type in annotation and field must match", found->place);
    else if (profile->type == "Localhost" && profile->local != found->value.substr(kLocal.size()))
      errors.forbidden(path + "localhostProfile", "apparmor profile in annotation and field must match", found->place);
  }
}

}  // namespace callgate::kube::parts
