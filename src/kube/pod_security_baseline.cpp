// The baseline level.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "kube/app_armor.h"
#include "kube/pod_security_checks.h"
#include "manifest/go_text.h"

namespace callgate::kube::checks {

namespace {

std::optional<Violation> host_namespaces(const Pod& pod, int) {
  Violation out{"host namespaces", {}, {}};
  Names found;
  for (const std::string_view each : {"hostNetwork", "hostPID", "hostIPC"})
    if (bool_field(pod.spec, each) == true) {
      found.push_back(fmt::format("{}=true", each));
      out.places.push_back(field(pod.spec, each).key_span());
    }
  if (found.empty()) return std::nullopt;
  out.detail = joined(found, ", ");
  return out;
}

std::optional<Violation> privileged(const Pod& pod, int) {
  Violation out{"privileged", {}, {}};
  const Names bad = bad_containers(pod, out.places, [](const PodContainer& c) -> Place {
    return c.privileged ? Place(place_in(c, field(c.security, "privileged"))) : std::nullopt;
  });
  if (bad.empty()) return std::nullopt;
  out.detail = containers(bad) + " must not set securityContext.privileged=true";
  return out;
}

std::optional<Violation> baseline_capabilities(const Pod& pod, int) {
  constexpr std::array<std::string_view, 13> kAllowed{"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                                      "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                                      "SETPCAP",     "SETUID", "SYS_CHROOT"};
  Violation out{"non-default capabilities", {}, {}};
  std::set<std::string> added;
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    bool found = false;
    for (const std::string& each : c.cap_add) {
      if (std::find(kAllowed.begin(), kAllowed.end(), each) != kAllowed.end()) continue;
      added.insert(each);
      found = true;
    }
    return found ? Place(place_in(c, field(field(c.security, "capabilities"), "add"))) : std::nullopt;
  });
  if (bad.empty()) return std::nullopt;
  out.detail =
      fmt::format("{} must not include {} in securityContext.capabilities.add", containers(bad), quoted(sorted(added)));
  return out;
}

bool confines(const AppArmor& profile) {
  return profile.type == "RuntimeDefault" || profile.type == "Localhost";
}

std::optional<Violation> app_armor(const Pod& pod, int) {
  Violation out;
  std::set<std::string> values, annotations;
  Names setters;
  if (const auto own = read_app_armor(pod.security); own && !confines(*own)) {
    setters.emplace_back("pod");
    values.insert(own->type);
    out.places.push_back(field(pod.security, "appArmorProfile").key_span());
  }
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    auto profile = read_app_armor(c.security);
    Place place;
    if (profile) place = field(c.security, "appArmorProfile").key_span();
    if (const auto sync = sync_app_armor(pod, c); sync && sync->field) {
      profile = sync->field;
      place = sync->annotation->place;
    }
    if (!profile || confines(*profile)) return std::nullopt;
    values.insert(profile->type);
    return place;
  });
  if (!bad.empty()) setters.push_back(containers(bad));
  for (const Annotation& each : pod.annotations) {
    if (!each.key.starts_with(kAppArmorAnnotation)) continue;
    if (each.value.empty() || each.value == "runtime/default" || each.value.starts_with("localhost/")) continue;
    annotations.insert(fmt::format("{}={}", each.key, manifest::go_quote(each.value)));
    if (std::find(out.places.begin(), out.places.end(), each.place) == out.places.end())
      out.places.push_back(each.place);
  }
  Names list = sorted(values);
  list.insert(list.end(), annotations.begin(), annotations.end());
  if (!annotations.empty()) setters.emplace_back(plural("annotation", "annotations", annotations.size()));
  if (setters.empty()) return std::nullopt;
  out.reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", list.size());
  out.detail = fmt::format("{} must not set AppArmor profile type to {}", joined(setters, " and "), quoted(list));
  return out;
}

std::optional<Violation> host_path_volumes(const Pod& pod, int) {
  Violation out{"hostPath volumes", {}, {}};
  Names bad;
  for (const text::Node each : elements(pod.spec, "volumes"))
    if (const text::Node path = field(each, "hostPath")) {
      bad.emplace_back(string_field(each, "name"));
      out.places.push_back(path.key_span());
    }
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format("{} {}", plural("volume", "volumes", bad.size()), quoted(bad));
  return out;
}

std::optional<Violation> host_ports(const Pod& pod, int) {
  Violation out{"hostPort", {}, {}};
  std::set<std::string> ports;
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    Place found;
    for (const text::Node each : elements(c.node, "ports")) {
      const auto port = host_port(pod, c, each);
      if (port == 0) continue;
      ports.insert(fmt::format("{}", port));
      const text::Node said = field(each, "hostPort");
      if (!found) found = said ? said.span() : each.span();
    }
    return found;
  });
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format("{} {} {} {}", containers(bad), plural("uses", "use", bad.size()),
                           plural("hostPort", "hostPorts", ports.size()), joined(sorted(ports), ", "));
  return out;
}

std::optional<Violation> host_probes(const Pod& pod, int) {
  Violation out{"probe or lifecycle host", {}, {}};
  std::set<std::string> hosts, names;
  const auto look = [&](const PodContainer& c, text::Node handler) {
    for (const std::string_view kind : {"httpGet", "tcpSocket"}) {
      const std::string_view host = string_field(field(handler, kind), "host");
      if (host.empty()) continue;
      hosts.emplace(host);
      names.insert(c.name);
      out.places.push_back(field(field(handler, kind), "host").span());
    }
  };
  for (const PodContainer& c : pod.containers) {
    for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"})
      look(c, field(c.node, probe));
    for (const std::string_view hook : {"postStart", "preStop"}) look(c, field(field(c.node, "lifecycle"), hook));
  }
  if (names.empty()) return std::nullopt;
  out.detail =
      fmt::format("{} {} {} {}", containers(sorted(names)), plural("uses", "use", names.size()),
                  plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.size()), quoted(sorted(hosts)));
  return out;
}

std::optional<Violation> baseline_proc_mount(const Pod& pod, int minor) {
  return own_user_namespace(pod, minor) ? std::nullopt : proc_mount_types(pod);
}

std::optional<Violation> selinux(const Pod& pod, int minor) {
  Violation out{"seLinuxOptions", {}, {}};
  std::set<std::string> types;
  bool user = false, role = false;
  const auto wrong = [&](text::Node security) -> Place {
    const text::Node options = field(security, "seLinuxOptions");
    if (!options) return std::nullopt;
    const std::string_view type = string_field(options, "type");
    const bool type_good = type.empty() || type == "container_t" || type == "container_init_t" ||
                           type == "container_kvm_t" || (minor >= 31 && type == "container_engine_t");
    if (!type_good) types.emplace(type);
    const bool has_user = !string_field(options, "user").empty(), has_role = !string_field(options, "role").empty();
    user = user || has_user;
    role = role || has_role;
    return type_good && !has_user && !has_role ? std::nullopt : Place(options.key_span());
  };
  Names setters;
  if (const Place place = wrong(pod.security)) {
    setters.emplace_back("pod");
    out.places.push_back(*place);
  }
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) { return wrong(c.security); });
  if (!bad.empty()) setters.push_back(containers(bad));
  if (setters.empty()) return std::nullopt;
  Names data;
  if (!types.empty())
    data.push_back(fmt::format("{} {}", plural("type", "types", types.size()), quoted(sorted(types))));
  if (user) data.emplace_back("user may not be set");
  if (role) data.emplace_back("role may not be set");
  out.detail =
      fmt::format("{} set forbidden securityContext.seLinuxOptions: {}", joined(setters, " and "), joined(data, "; "));
  return out;
}

// Before 1.19 annotations alone are looked at.
std::optional<Violation> seccomp_annotations(const Pod& pod) {
  Violation out{"seccompProfile", {}, {}};
  std::set<std::string> forbidden;
  const auto look = [&](const std::string& key) {
    const Annotation* const found = pod.annotation(key);
    if (found == nullptr || found->value == "runtime/default" || found->value == "docker/default" ||
        found->value.starts_with("localhost/"))
      return;
    forbidden.insert(fmt::format("{}={}", key, manifest::go_quote(found->value)));
    out.places.push_back(found->place);
  };
  look(std::string(kPodAnnotation));
  for (const PodContainer& c : pod.containers) look(std::string(kContainerAnnotation) + c.name);
  if (forbidden.empty()) return std::nullopt;
  out.detail = fmt::format("forbidden {} {}", plural("annotation", "annotations", forbidden.size()),
                           joined(sorted(forbidden), ", "));
  return out;
}
std::optional<Violation> baseline_seccomp(const Pod& pod, int minor) {
  return minor < 19 ? seccomp_annotations(pod) : seccomp(pod, false);
}

std::optional<Violation> sysctls(const Pod& pod, int minor) {
  struct Row {
    std::string_view name;
    int since;
  };
  constexpr std::array<Row, 12> kAllowed{{{"kernel.shm_rmid_forced", 0},
                                          {"net.ipv4.ip_local_port_range", 0},
                                          {"net.ipv4.tcp_syncookies", 0},
                                          {"net.ipv4.ping_group_range", 0},
                                          {"net.ipv4.ip_unprivileged_port_start", 0},
                                          {"net.ipv4.ip_local_reserved_ports", 27},
                                          {"net.ipv4.tcp_keepalive_time", 29},
                                          {"net.ipv4.tcp_fin_timeout", 29},
                                          {"net.ipv4.tcp_keepalive_intvl", 29},
                                          {"net.ipv4.tcp_keepalive_probes", 29},
                                          {"net.ipv4.tcp_rmem", 32},
                                          {"net.ipv4.tcp_wmem", 32}}};
  Violation out{"forbidden sysctls", {}, {}};
  Names bad;
  for (const text::Node each : elements(pod.security, "sysctls")) {
    const std::string_view wanted = string_field(each, "name");
    const bool allowed = std::any_of(kAllowed.begin(), kAllowed.end(),
                                     [&](const Row& row) { return row.name == wanted && minor >= row.since; });
    if (allowed) continue;
    bad.emplace_back(wanted);
    out.places.push_back(each.span());
  }
  if (bad.empty()) return std::nullopt;
  out.detail = joined(bad, ", ");
  return out;
}

std::optional<Violation> windows_host_process(const Pod& pod, int) {
  Violation out{"hostProcess", {}, {}};
  const auto set = [](text::Node security) -> Place {
    const text::Node options = field(security, "windowsOptions");
    return bool_field(options, "hostProcess") == true ? Place(field(options, "hostProcess").key_span()) : std::nullopt;
  };
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) { return set(c.security); });
  Names setters;
  if (const Place place = set(pod.security)) {
    setters.emplace_back("pod");
    out.places.push_back(*place);
  }
  if (!bad.empty()) setters.push_back(containers(bad));
  if (setters.empty()) return std::nullopt;
  out.detail = joined(setters, " and ") + " must not set securityContext.windowsOptions.hostProcess=true";
  return out;
}

constexpr std::array<Check, 12> kBaseline{{{"appArmorProfile", app_armor, 0, -1},
                                           {"capabilities_baseline", baseline_capabilities, 0, 22},
                                           {"hostNamespaces", host_namespaces, 0, -1},
                                           {"hostPathVolumes", host_path_volumes, 0, 0},
                                           {"hostPorts", host_ports, 0, -1},
                                           {"hostProbesAndHostLifecycle", host_probes, 34, -1},
                                           {"privileged", privileged, 0, -1},
                                           {"procMount", baseline_proc_mount, 0, 35},
                                           {"seLinuxOptions", selinux, 0, -1},
                                           {"seccompProfile_baseline", baseline_seccomp, 0, 19},
                                           {"sysctls", sysctls, 0, -1},
                                           {"windowsHostProcess", windows_host_process, 0, -1}}};

}  // namespace

std::span<const Check> baseline() {
  return kBaseline;
}

}  // namespace callgate::kube::checks
