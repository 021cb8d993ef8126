// The checks by id, baseline first and then restricted, each sorted by id: the order in which the server lists them.
// SPDX-License-Identifier: Apache-2.0
#include "kube/pod_security.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

constexpr int kNewest = 1000;  // the minor version that "latest" stands for

using Names = std::vector<std::string>;
using Check = std::optional<Violation> (*)(const Pod& pod, int minor);

std::string quoted(const Names& names) {
  std::string out;
  for (const std::string& each : names) out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", each);
  return out;
}
Names sorted(const std::set<std::string>& values) {
  return {values.begin(), values.end()};
}
std::string_view plural(std::string_view one, std::string_view many, std::size_t count) {
  return count == 1 ? one : many;
}
std::string containers(const Names& names) {
  return fmt::format("{} {}", plural("container", "containers", names.size()), quoted(names));
}
std::string joined(const Names& words, std::string_view between) {
  std::string out;
  for (const std::string& each : words) out += (out.empty() ? "" : std::string(between)) + each;
  return out;
}

bool windows(const Pod& pod, int minor) {
  return minor >= 25 && pod.os == "windows";
}
bool own_user_namespace(const Pod& pod, int minor) {
  return minor >= 35 && pod.host_users == false;
}

// Containers for which `bad` holds, with the places it names.
template <class Bad>
Names bad_containers(const Pod& pod, std::vector<base::Span>& places, const Bad& bad) {
  Names out;
  for (const PodContainer& each : pod.containers) {
    const auto place = bad(each);
    if (!place) continue;
    out.push_back(each.name);
    places.push_back(*place);
  }
  return out;
}

base::Span place_in(const PodContainer& container, text::Node member) {
  if (member) return member.key_span();
  const text::Node named = field(container.node, "name");
  return named ? named.span() : container.node.span();
}
using Place = std::optional<base::Span>;

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
  static const std::set<std::string, std::less<>> kAllowed{
      "AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",      "MKNOD",
      "NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT"};
  Violation out{"non-default capabilities", {}, {}};
  std::set<std::string> added;
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    bool found = false;
    for (const std::string& each : c.cap_add)
      if (!kAllowed.contains(each)) found = added.insert(each).second || true;
    return found ? Place(place_in(c, field(field(c.security, "capabilities"), "add"))) : std::nullopt;
  });
  if (bad.empty()) return std::nullopt;
  out.detail =
      fmt::format("{} must not include {} in securityContext.capabilities.add", containers(bad), quoted(sorted(added)));
  return out;
}

std::optional<Violation> restricted_capabilities(const Pod& pod, int minor) {
  if (windows(pod, minor)) return std::nullopt;
  Violation out{"unrestricted capabilities", {}, {}};
  std::set<std::string> added;
  const Names not_dropped = bad_containers(pod, out.places, [](const PodContainer& c) -> Place {
    const bool dropped = std::find(c.cap_drop.begin(), c.cap_drop.end(), "ALL") != c.cap_drop.end();
    return dropped ? std::nullopt : Place(place_in(c, c.security));
  });
  const Names adding = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    bool found = false;
    for (const std::string& each : c.cap_add)
      if (each != "NET_BIND_SERVICE") found = added.insert(each).second || true;
    return found ? Place(place_in(c, field(field(c.security, "capabilities"), "add"))) : std::nullopt;
  });
  Names details;
  if (!not_dropped.empty())
    details.push_back(containers(not_dropped) + " must set securityContext.capabilities.drop=[\"ALL\"]");
  if (!adding.empty())
    details.push_back(fmt::format("{} must not include {} in securityContext.capabilities.add", containers(adding),
                                  quoted(sorted(added))));
  if (details.empty()) return std::nullopt;
  out.detail = joined(details, "; ");
  return out;
}

std::optional<Violation> app_armor(const Pod& pod, int) {
  const auto bad_type = [](text::Node security) -> std::optional<std::string> {
    const text::Node profile = field(security, "appArmorProfile");
    if (!profile) return std::nullopt;
    const std::string_view type = string_field(profile, "type");
    return type == "RuntimeDefault" || type == "Localhost" ? std::nullopt : std::optional(std::string(type));
  };
  Violation out;
  std::set<std::string> values;
  Names setters;
  if (const auto bad = bad_type(pod.security)) {
    setters.emplace_back("pod");
    values.insert(*bad);
    out.places.push_back(field(pod.security, "appArmorProfile").key_span());
  }
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    const auto type = bad_type(c.security);
    if (!type) return std::nullopt;
    values.insert(*type);
    return place_in(c, field(c.security, "appArmorProfile"));
  });
  if (!bad.empty()) setters.push_back(containers(bad));
  std::set<std::string> annotations;
  for (const Annotation& each : pod.annotations) {
    if (!each.key.starts_with("container.apparmor.security.beta.kubernetes.io/")) continue;
    if (each.value.empty() || each.value == "runtime/default" || each.value.starts_with("localhost/")) continue;
    annotations.insert(fmt::format("{}={}", each.key, manifest::go_quote(each.value)));
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
  if (const text::Node volumes = field(pod.spec, "volumes"); volumes && volumes.is_array())
    for (const text::Node each : volumes)
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
    const text::Node list = field(c.node, "ports");
    if (!list || !list.is_array()) return found;
    for (const text::Node each : list) {
      const text::Node port = field(each, "hostPort");
      if (!port || port.as_i64().value_or(0) == 0) continue;
      ports.emplace(port.text());
      found = port.span();
    }
    return found;
  });
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format("{} {} {} {}", containers(bad), plural("uses", "use", bad.size()),
                           plural("hostPort", "hostPorts", ports.size()), joined(sorted(ports), ", "));
  return out;
}

std::optional<Violation> host_probes(const Pod& pod, int minor) {
  if (minor < 34) return std::nullopt;
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

std::optional<Violation> proc_mount_types(const Pod& pod) {
  Violation out{"procMount", {}, {}};
  std::set<std::string> types;
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    const text::Node mount = field(c.security, "procMount");
    if (!mount || !mount.is_string() || mount.text() == "Default") return std::nullopt;
    types.emplace(mount.text());
    return mount.span();
  });
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format("{} must not set securityContext.procMount to {}", containers(bad), quoted(sorted(types)));
  return out;
}
std::optional<Violation> baseline_proc_mount(const Pod& pod, int minor) {
  return own_user_namespace(pod, minor) ? std::nullopt : proc_mount_types(pod);
}
std::optional<Violation> restricted_proc_mount(const Pod& pod, int) {
  return proc_mount_types(pod);
}

std::optional<Violation> restricted_volumes(const Pod& pod, int) {
  constexpr std::array kAllowed{"configMap", "csi",   "downwardAPI",           "emptyDir",
                                "ephemeral", "image", "persistentVolumeClaim", "projected",
                                "secret"};
  constexpr std::array kKnown{"hostPath",
                              "gcePersistentDisk",
                              "awsElasticBlockStore",
                              "gitRepo",
                              "nfs",
                              "iscsi",
                              "glusterfs",
                              "rbd",
                              "flexVolume",
                              "cinder",
                              "cephfs",
                              "flocker",
                              "fc",
                              "azureFile",
                              "vsphereVolume",
                              "quobyte",
                              "azureDisk",
                              "photonPersistentDisk",
                              "portworxVolume",
                              "scaleIO",
                              "storageos"};
  Violation out{"restricted volume types", {}, {}};
  Names bad;
  std::set<std::string> types;
  const text::Node volumes = field(pod.spec, "volumes");
  if (!volumes || !volumes.is_array()) return std::nullopt;
  for (const text::Node each : volumes) {
    const auto has = [&](const char* kind) { return static_cast<bool>(field(each, kind)); };
    if (std::any_of(kAllowed.begin(), kAllowed.end(), has)) continue;
    bad.emplace_back(string_field(each, "name"));
    const auto known = std::find_if(kKnown.begin(), kKnown.end(), has);
    types.emplace(known == kKnown.end() ? "unknown" : *known);
    out.places.push_back(known == kKnown.end() ? each.span() : field(each, *known).key_span());
  }
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format(
      "{} {} {} {} {}", plural("volume", "volumes", bad.size()), quoted(bad), plural("uses", "use", bad.size()),
      plural("restricted volume type", "restricted volume types", types.size()), quoted(sorted(types)));
  return out;
}

std::optional<Violation> privilege_escalation(const Pod& pod, int minor) {
  if (minor < 8 || windows(pod, minor)) return std::nullopt;
  Violation out{"allowPrivilegeEscalation != false", {}, {}};
  const Names bad = bad_containers(pod, out.places, [](const PodContainer& c) -> Place {
    return c.allow_privilege_escalation == false ? std::nullopt
                                                 : Place(place_in(c, field(c.security, "allowPrivilegeEscalation")));
  });
  if (bad.empty()) return std::nullopt;
  out.detail = containers(bad) + " must set securityContext.allowPrivilegeEscalation=false";
  return out;
}

std::optional<Violation> run_as_non_root(const Pod& pod, int minor) {
  if (own_user_namespace(pod, minor)) return std::nullopt;
  Violation out{"runAsNonRoot != true", {}, {}};
  const auto at_pod = bool_field(pod.security, "runAsNonRoot");
  Names setters;
  if (at_pod == false) {
    setters.emplace_back("pod");
    out.places.push_back(field(pod.security, "runAsNonRoot").key_span());
  }
  const Names denied = bad_containers(pod, out.places, [](const PodContainer& c) -> Place {
    return bool_field(c.security, "runAsNonRoot") == false ? Place(field(c.security, "runAsNonRoot").key_span())
                                                           : std::nullopt;
  });
  if (!denied.empty()) setters.push_back(containers(denied));
  if (!setters.empty()) {
    out.detail = joined(setters, " and ") + " must not set securityContext.runAsNonRoot=false";
    return out;
  }
  const Names silent = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    return at_pod != true && !bool_field(c.security, "runAsNonRoot") ? Place(place_in(c, c.security)) : std::nullopt;
  });
  if (silent.empty()) return std::nullopt;
  out.detail = fmt::format("pod or {} must set securityContext.runAsNonRoot=true", containers(silent));
  return out;
}

std::optional<Violation> run_as_user(const Pod& pod, int minor) {
  if (minor < 23 || own_user_namespace(pod, minor)) return std::nullopt;
  Violation out{"runAsUser=0", {}, {}};
  const auto root = [](text::Node security) -> Place {
    const text::Node user = field(security, "runAsUser");
    return user && user.as_i64() == 0 ? Place(user.span()) : std::nullopt;
  };
  Names setters;
  if (const Place place = root(pod.security)) {
    setters.emplace_back("pod");
    out.places.push_back(*place);
  }
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) { return root(c.security); });
  if (!bad.empty()) setters.push_back(containers(bad));
  if (setters.empty()) return std::nullopt;
  out.detail = joined(setters, " and ") + " must not set runAsUser=0";
  return out;
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

bool confines(const Seccomp& seccomp) {
  return seccomp.type == "Localhost" || seccomp.type == "RuntimeDefault";
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

// `silent_is_bad`: the restricted level wants it said.
std::optional<Violation> seccomp(const Pod& pod, bool silent_is_bad) {
  Violation out{"seccompProfile", {}, {}};
  std::set<std::string> values;
  Names setters;
  if (pod.seccomp && !confines(*pod.seccomp)) {
    setters.emplace_back("pod");
    values.insert(pod.seccomp->type);
    out.places.push_back(pod.seccomp->place);
  }
  const Names bad = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    if (!c.seccomp || confines(*c.seccomp)) return std::nullopt;
    values.insert(c.seccomp->type);
    return c.seccomp->place;
  });
  if (!bad.empty()) setters.push_back(containers(bad));
  if (!setters.empty()) {
    out.detail = fmt::format("{} must not set securityContext.seccompProfile.type to {}", joined(setters, " and "),
                             quoted(sorted(values)));
    return out;
  }
  if (!silent_is_bad || pod.seccomp) return std::nullopt;
  const Names silent = bad_containers(pod, out.places, [&](const PodContainer& c) -> Place {
    return c.seccomp ? std::nullopt : Place(place_in(c, c.security));
  });
  if (silent.empty()) return std::nullopt;
  out.detail =
      fmt::format("pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
                  containers(silent));
  return out;
}
std::optional<Violation> baseline_seccomp(const Pod& pod, int minor) {
  return minor < 19 ? seccomp_annotations(pod) : seccomp(pod, false);
}
std::optional<Violation> restricted_seccomp(const Pod& pod, int minor) {
  return windows(pod, minor) ? std::nullopt : seccomp(pod, true);
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
  const text::Node list = field(pod.security, "sysctls");
  if (!list || !list.is_array()) return std::nullopt;
  for (const text::Node each : list) {
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

// `replaced_since`: the minor version from which the restricted level has a check of its own for the matter; -1: never.
struct Row {
  std::string_view id;
  Check check;
  int since, replaced_since;
};
constexpr std::array<Row, 12> kBaseline{{{"appArmorProfile", app_armor, 0, -1},
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
constexpr std::array<Row, 7> kRestricted{{{"allowPrivilegeEscalation", privilege_escalation, 8, -1},
                                          {"capabilities_restricted", restricted_capabilities, 22, -1},
                                          {"procMount_restricted", restricted_proc_mount, 35, -1},
                                          {"restrictedVolumes", restricted_volumes, 0, -1},
                                          {"runAsNonRoot", run_as_non_root, 0, -1},
                                          {"runAsUser", run_as_user, 23, -1},
                                          {"seccompProfile_restricted", restricted_seccomp, 19, -1}}};

}  // namespace

std::string LevelVersion::text() const {
  constexpr std::array<std::string_view, 3> kNames{"privileged", "baseline", "restricted"};
  return fmt::format("{}:{}", kNames[static_cast<std::size_t>(level)], minor ? fmt::format("v1.{}", *minor) : "latest");
}

std::optional<Level> find_level(std::string_view text) {
  if (text == "privileged") return Level::privileged;
  if (text == "baseline") return Level::baseline;
  if (text == "restricted") return Level::restricted;
  return std::nullopt;
}

std::optional<LevelVersion> with_version(Level level, std::string_view version) {
  if (version == "latest") return LevelVersion{level, std::nullopt};
  if (!version.starts_with("v1.")) return std::nullopt;
  const std::string_view digits = version.substr(3);
  const bool plain = !digits.empty() && digits.size() < 5 && (digits == "0" || digits.front() != '0') &&
                     digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!plain) return std::nullopt;
  return LevelVersion{level, static_cast<int>(*base::parse_u64(digits))};
}

PodSecurity pod_security_of(text::Node labels) {
  PodSecurity out;
  constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
  const auto read = [&](std::string_view mode, LevelVersion& into, Level wrong) {
    const text::Node level = field(labels, fmt::format("{}{}", kPrefix, mode));
    const text::Node version = field(labels, fmt::format("{}{}-version", kPrefix, mode));
    bool good = false;
    if (level && level.is_string()) {
      const auto known = find_level(level.text());
      into.level = known.value_or(wrong);
      good = known.has_value();
    }
    if (version && version.is_string())
      if (const auto known = with_version(into.level, version.text())) into.minor = known->minor;
    return std::pair(good, static_cast<bool>(version));
  };
  const bool enforced = read("enforce", out.enforce, Level::restricted).first;
  read("audit", out.audit, Level::privileged);
  const bool warns = static_cast<bool>(field(labels, fmt::format("{}warn", kPrefix)));
  const bool versioned = read("warn", out.warn, Level::privileged).second;
  // Warnings follow what is enforced where nothing is said of them.
  if (!warns && enforced && out.enforce.level > out.warn.level) {
    out.warn.level = out.enforce.level;
    if (!versioned) out.warn.minor = out.enforce.minor;
  }
  return out;
}

std::vector<Violation> violations(const Pod& pod, const LevelVersion& level) {
  std::vector<Violation> out;
  if (level.level == Level::privileged) return out;
  const int minor = level.minor.value_or(kNewest);
  const bool restricted = level.level == Level::restricted;
  const auto run = [&](const Row& row) {
    if (minor < row.since) return;
    if (restricted && row.replaced_since >= 0 && minor >= row.replaced_since) return;
    if (auto found = row.check(pod, minor)) out.push_back(std::move(*found));
  };
  for (const Row& row : kBaseline) run(row);
  if (restricted)
    for (const Row& row : kRestricted) run(row);
  return out;
}

std::string describe(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& each : violations)
    out += fmt::format("{}{}{}", out.empty() ? "" : ", ", each.reason,
                       each.detail.empty() ? "" : fmt::format(" ({})", each.detail));
  return out;
}

}  // namespace callgate::kube
