// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/struct_json.h"
#include "kube/validate.h"
#include "kube/validate_parts.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::go_quote;
using text::Node;

std::string child(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

base::Span place(Node node, Node otherwise) {
  return node ? node.span() : otherwise ? otherwise.span() : base::Span();
}

// Below the kubelet's directory: relative, and no element climbs.
void descending(std::string_view path_text, const std::string& path, base::Span where, FieldErrors& errors) {
  if (path_text.starts_with('/')) errors.invalid(path, go_quote(path_text), "must be a relative path", where);
  for (const std::string_view part : base::split(path_text, '/'))
    if (part == "..") return errors.invalid(path, go_quote(path_text), "must not contain '..'", where);
}

void seccomp_annotation(const Annotation& annotation, const std::string& path, FieldErrors& errors) {
  const std::string& value = annotation.value;
  constexpr std::string_view kLocal = "localhost/";
  if (value == "runtime/default" || value == "docker/default" || value == "unconfined") return;
  if (value.starts_with(kLocal))
    return descending(std::string_view(value).substr(kLocal.size()), path, annotation.place, errors);
  errors.invalid(path, go_quote(value), "must be a valid seccomp profile", annotation.place);
}

void seccomp(const std::optional<Seccomp>& profile, const std::string& path, FieldErrors& errors) {
  if (!profile) return;
  const std::string type_path = child(path, "type"), local_path = child(path, "localhostProfile");
  if (profile->type.empty())
    errors.required(type_path, "type is required when seccompProfile is set", profile->place);
  else if (profile->type != "Localhost" && profile->type != "RuntimeDefault" && profile->type != "Unconfined")
    errors.not_supported(type_path, profile->type, {"Localhost", "RuntimeDefault", "Unconfined"}, profile->type_place);
  if (profile->type == "Localhost") {
    if (!profile->localhost_profile)
      errors.required(local_path, "must be set when seccomp type is Localhost", profile->place);
    else
      descending(*profile->localhost_profile, local_path, profile->path_place, errors);
  } else if (profile->localhost_profile) {
    errors.invalid(local_path,
                   fmt::format("{{\"Type\":{},\"LocalhostProfile\":{}}}", json::text(profile->type),
                               json::text(*profile->localhost_profile)),
                   "can only be set when seccomp type is Localhost", profile->path_place);
  }
}

void app_armor(Node profile, const std::string& path, FieldErrors& errors) {
  if (!profile) return;
  const std::string_view type = string_field(profile, "type");
  const Node local = field(profile, "localhostProfile");
  const std::string type_path = child(path, "type"), local_path = child(path, "localhostProfile");
  if (type == "Localhost") {
    if (!local)
      errors.required(local_path, "must be set when AppArmor type is Localhost", profile.key_span());
    else if (base::trim(local.text()) != local.text())
      errors.invalid(local_path, go_quote(local.text()), "must not be padded with whitespace", local.span());
    else if (local.text().empty())
      errors.required(local_path, "must be set when AppArmor type is Localhost", local.span());
    constexpr std::size_t kMost = 4095;
    if (local && local.text().size() > kMost) errors.too_long(local_path, kMost, local.span());
  } else if (type == "RuntimeDefault" || type == "Unconfined") {
    if (local)
      errors.invalid(local_path, json::text(local.text()), "can only be set when AppArmor type is Localhost",
                     local.span());
  } else if (type.empty()) {
    errors.required(type_path, "type is required when appArmorProfile is set", profile.key_span());
  } else {
    errors.not_supported(type_path, type, {"Localhost", "RuntimeDefault", "Unconfined"}, profile.key_span());
  }
}

void user_id(Node security, std::string_view name, const std::string& path, FieldErrors& errors) {
  const Node id = field(security, name);
  const auto value = id ? id.as_i64() : std::nullopt;
  if (value && (*value < 0 || *value > 0x7fffffff))
    errors.invalid(child(path, name), id.text(), "must be between 0 and 2147483647, inclusive", id.span());
}

void container_security(const Pod& pod, const PodContainer& container, const std::string& path, FieldErrors& errors) {
  const Node security = container.security;
  if (!security) return;
  user_id(security, "runAsUser", path, errors);
  user_id(security, "runAsGroup", path, errors);
  if (const Node mount = field(security, "procMount")) {
    if (mount.text() != "Default" && mount.text() != "Unmasked")
      errors.not_supported(child(path, "procMount"), mount.text(), {"Default", "Unmasked"}, mount.span());
    if (mount.text() == "Unmasked" && pod.host_users.value_or(true))
      errors.invalid(child(path, "procMount"), json::text(mount.text()), "`hostUsers` must be false to use `Unmasked`",
                     mount.span());
  }
  seccomp(container.seccomp, child(path, "seccompProfile"), errors);
  if (container.allow_privilege_escalation == false) {
    const base::Span where = field(security, "allowPrivilegeEscalation").key_span();
    if (container.privileged)
      errors.invalid(path, json::security_context(security),
                     "cannot set `allowPrivilegeEscalation` to false and `privileged` to true", where);
    for (const std::string& each : container.cap_add)
      if (each == "CAP_SYS_ADMIN")
        errors.invalid(path, json::security_context(security),
                       "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN", where);
  }
  values::windows_options(Value(security, path, security.span(), errors).at("windowsOptions"));
  app_armor(field(security, "appArmorProfile"), child(path, "appArmorProfile"), errors);
}

void container_common(const Pod& pod, const PodContainer& container, const std::string& path, const Value& spec,
                      const values::Volumes& volumes, FieldErrors& errors) {
  const Value own(container.node, path, pod.source, errors);
  const Node name = field(container.node, "name");
  if (container.name.empty())
    errors.required(child(path, "name"), "", place(name, container.node));
  else
    for (const std::string_view fault : label_faults(container.name))
      errors.invalid(child(path, "name"), go_quote(container.name), fault, place(name, container.node));
  if (container.image.empty()) errors.required(child(path, "image"), "", place({}, container.node));
  if (const Node policy = field(container.node, "terminationMessagePolicy");
      policy && !policy.text().empty() && policy.text() != "File" && policy.text() != "FallbackToLogsOnError")
    errors.not_supported(child(path, "terminationMessagePolicy"), policy.text(), {"File", "FallbackToLogsOnError"},
                         policy.span());
  parts::ports(pod, container, path, errors);
  values::environment(own);
  values::mounts(own, volumes, container.privileged);
  values::devices(own, volumes);
  if (const std::string_view policy = string_field(container.node, "imagePullPolicy");
      !policy.empty() && policy != "Always" && policy != "IfNotPresent" && policy != "Never")
    errors.not_supported(child(path, "imagePullPolicy"), policy, {"Always", "IfNotPresent", "Never"},
                         field(container.node, "imagePullPolicy").span());
  values::resources(own, !pod.is_template() && container.role != Role::ephemeral, spec);
  values::resize_policy(own, spec);
  container_security(pod, container, child(path, "securityContext"), errors);
}

// Names of one list, and of the lists before it.
class Names {
 public:
  explicit Names(FieldErrors& errors) : errors_(errors) {}
  // Only init containers without a name are told of once.
  void add(const PodContainer& container, const std::string& path) {
    const bool skipped = container.name.empty() && container.role == Role::init;
    if (seen_.contains(container.name))
      errors_.duplicate(child(path, "name"), container.name, place(field(container.node, "name"), container.node));
    else if (!skipped)
      seen_.insert(container.name);
  }

 private:
  std::set<std::string, std::less<>> seen_;
  FieldErrors& errors_;
};

void containers(const Pod& pod, FieldErrors& errors) {
  Names names(errors);
  const auto of_role = [&](Role role, const auto& visit) {
    for (const PodContainer& each : pod.containers)
      if (each.role == role) visit(each, pod.container_path(each));
  };
  const Value spec(pod.spec, pod.spec_path(), pod.source, errors);
  const values::Volumes volumes = values::volumes(pod, spec);
  values::claims(pod, spec);
  const Node list = field(pod.spec, "containers");
  if (!list || list.size() == 0) errors.required(child(pod.spec_path(), "containers"), "", place(list, pod.spec));
  of_role(Role::container, [&](const PodContainer& each, const std::string& path) {
    const Value own(each.node, path, pod.source, errors);
    container_common(pod, each, path, spec, volumes, errors);
    names.add(each, path);
    values::lifecycle_and_probes(own, spec);
    values::restart_policy(own, each.role);
  });
  parts::host_port_conflicts(pod, errors);
  of_role(Role::init, [&](const PodContainer& each, const std::string& path) {
    const Value own(each.node, path, pod.source, errors);
    container_common(pod, each, path, spec, volumes, errors);
    values::restart_policy(own, each.role);
    names.add(each, path);
    parts::host_port_conflicts(pod, each, errors);
    const bool sidecar = own.text("restartPolicy") == "Always";
    sidecar ? values::lifecycle_and_probes(own, spec) : values::forbid_probes(own);
    if (!sidecar) values::forbid_restart_on_resize(own);
  });
  of_role(Role::ephemeral, [&](const PodContainer& each, const std::string& path) {
    container_common(pod, each, path, spec, volumes, errors);
    parts::image(pod, each, errors);
    names.add(each, path);
    values::ephemeral({each.node, path, pod.source, errors}, pod);
  });
  values::pod_resources(pod, spec);
}

void policies(const Pod& pod, FieldErrors& errors) {
  const auto one_of = [&](std::string_view name, std::initializer_list<std::string_view> good) {
    const Node node = field(pod.spec, name);
    if (node && !node.text().empty() && std::find(good.begin(), good.end(), node.text()) == good.end())
      errors.not_supported(child(pod.spec_path(), name), node.text(), good, node.span());
  };
  one_of("restartPolicy", {"Always", "OnFailure", "Never"});
  one_of("dnsPolicy", {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
}

void pod_security_context(const Pod& pod, FieldErrors& errors) {
  const std::string path = child(pod.spec_path(), "securityContext");
  const Value own(pod.security, path, pod.source, errors);
  user_id(pod.security, "fsGroup", path, errors);
  user_id(pod.security, "runAsUser", path, errors);
  user_id(pod.security, "runAsGroup", path, errors);
  parts::sharing(pod, errors);
  own.at("fsGroupChangePolicy").one_set_of({"Always", "OnRootMismatch"});
  seccomp(pod.seccomp, child(path, "seccompProfile"), errors);
  values::windows_options(own.at("windowsOptions"));
  app_armor(field(pod.security, "appArmorProfile"), child(path, "appArmorProfile"), errors);
  own.at("supplementalGroupsPolicy").one_set_of({"Merge", "Strict"});
  own.at("seLinuxChangePolicy").one_set_of({"Recursive"});  // MountOption hangs on a gate that is off
}

// What does not go with user namespaces.
void host_users(const Pod& pod, FieldErrors& errors) {
  if (pod.host_users != false) return;
  constexpr std::string_view kWhy = "when `hostUsers` is false";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kShared{
      {{"hostNetwork", "hostNetwork"}, {"hostPID", "HostPID"}, {"hostIPC", "HostIPC"}}};  // as the server spells them
  for (const auto& [name, told] : kShared)
    if (bool_field(pod.spec, name) == true)
      errors.forbidden(child(pod.spec_path(), told), kWhy, field(pod.spec, name).key_span());
  for (const PodContainer& each : pod.containers)
    if (const Node devices = field(each.node, "volumeDevices"); devices && devices.size() > 0)
      errors.forbidden(child(pod.container_path(each), "volumeDevices"), kWhy, devices.key_span());
}

// Where field and annotation say different things.
void agree(const Seccomp& profile, const Annotation& annotation, const std::string& path, FieldErrors& errors) {
  constexpr std::string_view kLocal = "localhost/";
  const std::string& value = annotation.value;
  const auto types = [&] {
    errors.forbidden(child(path, "type"), "seccomp type in annotation and field must match", annotation.place);
  };
  if (profile.type == "Unconfined") {
    if (value != "unconfined") types();
  } else if (profile.type == "RuntimeDefault") {
    if (value != "runtime/default" && value != "docker/default") types();
  } else if (profile.type == "Localhost") {
    if (!value.starts_with(kLocal)) return types();
    if (!profile.localhost_profile || std::string_view(value).substr(kLocal.size()) != *profile.localhost_profile)
      errors.forbidden(child(path, "localhostProfile"), "seccomp profile in annotation and field must match",
                       annotation.place);
  }
}

}  // namespace

void validate_pod_annotations(const Pod& pod, const std::string& path, FieldErrors& errors) {
  values::pod_annotations(pod, path, errors);
  if (const Annotation* const at_pod = pod.annotation(kPodAnnotation))
    seccomp_annotation(*at_pod, child(path, kPodAnnotation), errors);
  for (const Annotation& each : pod.annotations)
    if (each.key.starts_with(kContainerAnnotation)) seccomp_annotation(each, child(path, each.key), errors);
  parts::app_armor_annotations(pod, path, errors);
}

void validate_pod_spec(const Pod& pod, FieldErrors& errors) {
  containers(pod, errors);
  parts::host_network(pod, errors);
  policies(pod, errors);
  const Value spec(pod.spec, pod.spec_path(), pod.source, errors);
  values::node_selector(spec);
  pod_security_context(pod, errors);
  values::placement(pod, spec);
  values::host_process(pod, errors);
  host_users(pod, errors);
  values::host_name(spec);
  values::names(pod, spec);
  if (pod.runtime_class)
    for (const std::string_view fault : subdomain_faults(*pod.runtime_class))
      errors.invalid(child(pod.spec_path(), "runtimeClassName"), go_quote(*pod.runtime_class), fault,
                     pod.runtime_class_place);
  spec.at("preemptionPolicy").one_of({"PreemptLowerPriority", "Never"});
  values::overhead(spec.at("overhead"));
  values::operating_system(pod, errors);
  values::variable_files(pod, errors);
}

void validate_seccomp_agreement(const Pod& pod, FieldErrors& errors) {
  const std::string spec = pod.spec_path();
  if (pod.seccomp)
    if (const Annotation* const annotation = pod.annotation(kPodAnnotation))
      agree(*pod.seccomp, *annotation, child(spec, "securityContext.seccompProfile"), errors);
  for (const PodContainer& each : pod.containers) {
    if (!each.seccomp) continue;
    if (const Annotation* const annotation = pod.annotation(std::string(kContainerAnnotation) + each.name))
      agree(*each.seccomp, *annotation, child(pod.container_path(each), "securityContext.seccompProfile"), errors);
  }
}

}  // namespace callgate::kube
