// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/names.h"
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
                   fmt::format("{{\"Type\":{},\"LocalhostProfile\":{}}}", go_quote(profile->type),
                               go_quote(*profile->localhost_profile)),
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
  } else if (type == "RuntimeDefault" || type == "Unconfined") {
    if (local)
      errors.invalid(local_path, go_quote(local.text()), "can only be set when AppArmor type is Localhost",
                     local.span());
  } else if (type.empty()) {
    errors.required(type_path, "type is required when appArmorProfile is set", profile.key_span());
  } else {
    errors.not_supported(type_path, type, {"Localhost", "RuntimeDefault", "Unconfined"}, profile.key_span());
  }
}

// A struct of the server's internal type, as JSON: every field, null where it is not set.
std::string list_json(Node list) {
  if (!list || !list.is_array()) return "null";
  std::string out;
  for (const Node each : list) out += (out.empty() ? "" : ",") + go_quote(each.text());
  return "[" + out + "]";
}
std::string scalar_json(Node node) {
  if (!node) return "null";
  if (const auto boolean = truth(node)) return *boolean ? "true" : "false";
  return node.is_string() ? go_quote(node.text()) : std::string(node.text());
}
std::string object_json(Node node, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  if (!node) return "null";
  std::string out;
  for (const auto& [go, json] : fields)
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", go, scalar_json(field(node, json)));
  return "{" + out + "}";
}
std::string text_object_json(Node node, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  if (!node) return "null";
  std::string out;
  for (const auto& [go, json] : fields)
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", go, go_quote(string_field(node, json)));
  return "{" + out + "}";
}

std::string security_json(Node security) {
  const Node capabilities = field(security, "capabilities"), profile = field(security, "seccompProfile");
  const auto scalar = [&](std::string_view name) { return scalar_json(field(security, name)); };
  return fmt::format(
      "{{\"Capabilities\":{},\"Privileged\":{},\"SELinuxOptions\":{},\"WindowsOptions\":{},\"RunAsUser\":{},"
      "\"RunAsGroup\":{},\"RunAsNonRoot\":{},\"ReadOnlyRootFilesystem\":{},\"AllowPrivilegeEscalation\":{},"
      "\"ProcMount\":{},\"SeccompProfile\":{},\"AppArmorProfile\":{}}}",
      capabilities ? fmt::format("{{\"Add\":{},\"Drop\":{}}}", list_json(field(capabilities, "add")),
                                 list_json(field(capabilities, "drop")))
                   : "null",
      scalar("privileged"),
      text_object_json(field(security, "seLinuxOptions"),
                       {{"User", "user"}, {"Role", "role"}, {"Type", "type"}, {"Level", "level"}}),
      object_json(field(security, "windowsOptions"), {{"GMSACredentialSpecName", "gmsaCredentialSpecName"},
                                                      {"GMSACredentialSpec", "gmsaCredentialSpec"},
                                                      {"RunAsUserName", "runAsUserName"},
                                                      {"HostProcess", "hostProcess"}}),
      scalar("runAsUser"), scalar("runAsGroup"), scalar("runAsNonRoot"), scalar("readOnlyRootFilesystem"),
      scalar("allowPrivilegeEscalation"), scalar("procMount"),
      profile ? fmt::format("{{\"Type\":{},\"LocalhostProfile\":{}}}", go_quote(string_field(profile, "type")),
                            scalar_json(field(profile, "localhostProfile")))
              : "null",
      field(security, "appArmorProfile")
          ? fmt::format("{{\"Type\":{},\"LocalhostProfile\":{}}}",
                        go_quote(string_field(field(security, "appArmorProfile"), "type")),
                        scalar_json(field(field(security, "appArmorProfile"), "localhostProfile")))
          : "null");
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
      errors.invalid(child(path, "procMount"), go_quote(mount.text()), "`hostUsers` must be false to use `Unmasked`",
                     mount.span());
  }
  seccomp(container.seccomp, child(path, "seccompProfile"), errors);
  if (container.allow_privilege_escalation == false) {
    const base::Span where = field(security, "allowPrivilegeEscalation").key_span();
    if (container.privileged)
      errors.invalid(path, security_json(security),
                     "cannot set `allowPrivilegeEscalation` to false and `privileged` to true", where);
    for (const std::string& each : container.cap_add)
      if (each == "CAP_SYS_ADMIN")
        errors.invalid(path, security_json(security),
                       "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN", where);
  }
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

void containers(const Pod& pod, FieldErrors& errors) {
  std::set<std::string> names;
  const auto of_role = [&](Role role, const auto& visit) {
    for (const PodContainer& each : pod.containers)
      if (each.role == role) visit(each, pod.container_path(each));
  };
  const auto unique = [&](const PodContainer& each, const std::string& path) {
    if (!each.name.empty() && !names.insert(each.name).second)
      errors.duplicate(child(path, "name"), each.name, place(field(each.node, "name"), each.node));
  };
  const Value spec(pod.spec, pod.spec_path(), pod.source, errors);
  const values::Volumes volumes = values::volumes(pod, spec);
  values::claims(spec);
  const Node list = field(pod.spec, "containers");
  if (!list || list.size() == 0) errors.required(child(pod.spec_path(), "containers"), "", place(list, pod.spec));
  of_role(Role::container, [&](const PodContainer& each, const std::string& path) {
    container_common(pod, each, path, spec, volumes, errors);
    unique(each, path);
    values::lifecycle_and_probes({each.node, path, pod.source, errors}, spec);
  });
  parts::host_port_conflicts(pod, errors);
  of_role(Role::init, [&](const PodContainer& each, const std::string& path) {
    container_common(pod, each, path, spec, volumes, errors);
    const Value own(each.node, path, pod.source, errors), policy = own.at("restartPolicy");
    policy.one_of({"Always", "Never", "OnFailure"});
    unique(each, path);
    parts::host_port_conflicts(pod, each, errors);
    policy.text() == "Always" ? values::lifecycle_and_probes(own, spec) : values::forbid_probes(own);
  });
  of_role(Role::ephemeral, [&](const PodContainer& each, const std::string& path) {
    container_common(pod, each, path, spec, volumes, errors);
    unique(each, path);
    values::ephemeral({each.node, path, pod.source, errors}, pod);
  });
}

void policies(const Pod& pod, FieldErrors& errors) {
  const auto one_of = [&](std::string_view name, std::initializer_list<std::string_view> good) {
    const Node node = field(pod.spec, name);
    if (node && std::find(good.begin(), good.end(), node.text()) == good.end())
      errors.not_supported(child(pod.spec_path(), name), node.text(), good, node.span());
  };
  one_of("restartPolicy", {"Always", "OnFailure", "Never"});
  one_of("dnsPolicy", {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
}

void pod_security_context(const Pod& pod, FieldErrors& errors) {
  const std::string path = child(pod.spec_path(), "securityContext");
  user_id(pod.security, "fsGroup", path, errors);
  user_id(pod.security, "runAsUser", path, errors);
  user_id(pod.security, "runAsGroup", path, errors);
  parts::sharing(pod, errors);
  seccomp(pod.seccomp, child(path, "seccompProfile"), errors);
  app_armor(field(pod.security, "appArmorProfile"), child(path, "appArmorProfile"), errors);
}

void host_users(const Pod& pod, FieldErrors& errors) {
  if (pod.host_users != false) return;
  for (const std::string_view host : {"hostNetwork", "hostPID", "hostIPC"})
    if (bool_field(pod.spec, host) == true)
      errors.forbidden(child(pod.spec_path(), host), "when `hostUsers` is false", field(pod.spec, host).key_span());
}

// Fields that a Pod for Windows may not set (validateWindows), and what one for Linux may not.
void operating_system(const Pod& pod, FieldErrors& errors) {
  const Node os = field(pod.spec, "os");
  if (!os) return;
  const std::string spec = pod.spec_path();
  if (pod.os.empty()) return errors.required(child(spec, "os.name"), "cannot be empty", os.span());
  if (pod.os != "linux" && pod.os != "windows")
    return errors.not_supported(child(spec, "os"), pod.os, {"linux", "windows"}, field(os, "name").span());
  const bool windows = pod.os == "windows";
  const auto refuse = [&](Node holder, const std::string& path, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
      if (const Node set = field(holder, name))
        errors.forbidden(child(path, name),
                         windows ? "cannot be set for a windows pod" : "windows options cannot be set for a linux pod",
                         set.key_span());
  };
  if (!windows) {
    refuse(pod.security, child(spec, "securityContext"), {"windowsOptions"});
    for (const PodContainer& each : pod.containers)
      refuse(each.security, child(pod.container_path(each), "securityContext"), {"windowsOptions"});
    return;
  }
  refuse(pod.security, child(spec, "securityContext"), {"appArmorProfile", "seLinuxOptions"});
  refuse(pod.spec, spec, {"hostUsers"});
  for (const std::string_view host : {"hostPID", "hostIPC"})
    if (bool_field(pod.spec, host) == true)
      errors.forbidden(child(spec, host), "cannot be set for a windows pod", field(pod.spec, host).key_span());
  refuse(pod.security, child(spec, "securityContext"), {"seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"});
  refuse(pod.spec, spec, {"shareProcessNamespace"});
  refuse(pod.security, child(spec, "securityContext"),
         {"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy"});
  for (const PodContainer& each : pod.containers)
    refuse(each.security, child(pod.container_path(each), "securityContext"),
           {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem",
            "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"});
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
  values::placement(spec);
  parts::host_process(pod, errors);
  host_users(pod, errors);
  values::names(spec);
  if (pod.runtime_class)
    for (const std::string_view fault : subdomain_faults(*pod.runtime_class))
      errors.invalid(child(pod.spec_path(), "runtimeClassName"), go_quote(*pod.runtime_class), fault,
                     pod.runtime_class_place);
  spec.at("preemptionPolicy").one_of({"PreemptLowerPriority", "Never"});
  values::overhead(spec);
  operating_system(pod, errors);
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
