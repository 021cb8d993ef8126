// What the restricted level asks for beyond the baseline.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "kube/pod_security_checks.h"

namespace callgate::kube::checks {

namespace {

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
    for (const std::string& each : c.cap_add) {
      if (each == "NET_BIND_SERVICE") continue;
      added.insert(each);
      found = true;
    }
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
  for (const text::Node each : elements(pod.spec, "volumes")) {
    const auto has = [&](const char* kind) { return static_cast<bool>(field(each, kind)); };
    if (std::any_of(kAllowed.begin(), kAllowed.end(), has)) continue;
    // A volume of no kind is made an emptyDir before.
    const auto known = std::find_if(kKnown.begin(), kKnown.end(), has);
    if (known == kKnown.end()) continue;
    bad.emplace_back(string_field(each, "name"));
    types.emplace(*known);
    out.places.push_back(field(each, *known).key_span());
  }
  if (bad.empty()) return std::nullopt;
  out.detail = fmt::format(
      "{} {} {} {} {}", plural("volume", "volumes", bad.size()), quoted(bad), plural("uses", "use", bad.size()),
      plural("restricted volume type", "restricted volume types", types.size()), quoted(sorted(types)));
  return out;
}

std::optional<Violation> privilege_escalation(const Pod& pod, int minor) {
  if (windows(pod, minor)) return std::nullopt;
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
  if (own_user_namespace(pod, minor)) return std::nullopt;
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

std::optional<Violation> restricted_seccomp(const Pod& pod, int minor) {
  return windows(pod, minor) ? std::nullopt : seccomp(pod, true);
}

constexpr std::array<Check, 7> kRestricted{{{"allowPrivilegeEscalation", privilege_escalation, 8, -1},
                                            {"capabilities_restricted", restricted_capabilities, 22, -1},
                                            {"procMount_restricted", restricted_proc_mount, 35, -1},
                                            {"restrictedVolumes", restricted_volumes, 0, -1},
                                            {"runAsNonRoot", run_as_non_root, 0, -1},
                                            {"runAsUser", run_as_user, 23, -1},
                                            {"seccompProfile_restricted", restricted_seccomp, 19, -1}}};

}  // namespace

std::span<const Check> restricted() {
  return kRestricted;
}

}  // namespace callgate::kube::checks
