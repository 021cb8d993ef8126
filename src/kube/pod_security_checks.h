// The single checks of Pod Security admission (k8s.io/pod-security-admission 0.36, policy/check_*.go), and what their
// texts are made of. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kube/pod_security.h"

namespace callgate::kube::checks {

// `replaced_since`: the minor version from which the restricted level has a check of its own for the matter; -1: never.
struct Check {
  std::string_view id;
  std::optional<Violation> (*run)(const Pod& pod, int minor);
  int since, replaced_since;
};
// Each sorted by id, which is the order of the server's texts.
std::span<const Check> baseline();
std::span<const Check> restricted();

using Names = std::vector<std::string>;
using Place = std::optional<base::Span>;

std::string quoted(const Names& names);  // `"a", "b"`
Names sorted(const std::set<std::string>& values);
std::string_view plural(std::string_view one, std::string_view many, std::size_t count);
std::string containers(const Names& names);  // `containers "a", "b"`
std::string joined(const Names& words, std::string_view between);
// Pods for Windows are let off from 1.25 on, those in a user namespace of their own from 1.35 on.
bool windows(const Pod& pod, int minor);
bool own_user_namespace(const Pod& pod, int minor);
// The member's key, else where the container is named.
base::Span place_in(const PodContainer& container, text::Node member);

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

// Both levels look at these.
std::optional<Violation> proc_mount_types(const Pod& pod);
// `silent_is_bad`: the restricted level wants it said.
std::optional<Violation> seccomp(const Pod& pod, bool silent_is_bad);

}  // namespace callgate::kube::checks
