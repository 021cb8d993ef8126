// SPDX-License-Identifier: Apache-2.0
#include "kube/pod_security_checks.h"

#include <fmt/format.h>

namespace callgate::kube::checks {

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

base::Span place_in(const PodContainer& container, text::Node member) {
  if (member) return member.key_span();
  const text::Node named = field(container.node, "name");
  return named ? named.span() : container.node.span();
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

namespace {

bool confines(const Seccomp& seccomp) {
  return seccomp.type == "Localhost" || seccomp.type == "RuntimeDefault";
}

}  // namespace

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

}  // namespace callgate::kube::checks
