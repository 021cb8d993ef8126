// AppArmor profiles of Pods: the field, and the old annotation of which the API server makes a field.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/pod.h"

namespace callgate::kube {

inline constexpr std::string_view kAppArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";  // + name

struct AppArmor {
  std::string type;                  // "Localhost", …; as written
  std::optional<std::string> local;  // localhostProfile
  bool operator==(const AppArmor&) const = default;
};

// The appArmorProfile of a securityContext.
std::optional<AppArmor> read_app_armor(text::Node security);
// What an annotation says as a field; nothing if it cannot be one.
std::optional<AppArmor> app_armor_of(std::string_view annotation);

// A new Pod's annotation for a container that has no field of its own (registry/core/pod applyAppArmorVersionSkew).
struct AppArmorSync {
  const Annotation* annotation = nullptr;
  std::optional<AppArmor> field;  // that the container gets; nothing: the Pod's says the same, or it is no profile
  bool warned = false;            // told that annotations are deprecated
};
// Nothing where no annotation counts: templates, Windows, a container with the field.
std::optional<AppArmorSync> sync_app_armor(const Pod& pod, const PodContainer& container);

}  // namespace callgate::kube
