// SPDX-License-Identifier: Apache-2.0
#include "kube/app_armor.h"

#include "base/text.h"

namespace callgate::kube {

std::optional<AppArmor> read_app_armor(text::Node security) {
  const text::Node profile = field(security, "appArmorProfile");
  if (!profile) return std::nullopt;
  AppArmor out{std::string(string_field(profile, "type")), std::nullopt};
  if (const text::Node local = field(profile, "localhostProfile"); local && local.is_string())
    out.local = std::string(local.text());
  return out;
}

std::optional<AppArmor> app_armor_of(std::string_view annotation) {
  constexpr std::string_view kLocal = "localhost/";
  constexpr std::size_t kLongest = 4095;
  if (annotation == "unconfined") return AppArmor{"Unconfined", std::nullopt};
  if (annotation == "runtime/default") return AppArmor{"RuntimeDefault", std::nullopt};
  if (!annotation.starts_with(kLocal)) return std::nullopt;
  const std::string_view path = annotation.substr(kLocal.size());
  if (path.empty() || path.size() > kLongest || base::trim(path) != path) return std::nullopt;
  return AppArmor{"Localhost", std::string(path)};
}

std::optional<AppArmorSync> sync_app_armor(const Pod& pod, const PodContainer& container) {
  if (pod.is_template() || pod.os == "windows" || field(container.security, "appArmorProfile")) return std::nullopt;
  AppArmorSync out;
  out.annotation = pod.annotation(std::string(kAppArmorAnnotation) + container.name);
  if (out.annotation == nullptr) return std::nullopt;
  out.field = app_armor_of(out.annotation->value);
  out.warned = !out.field;
  if (out.field && out.field != read_app_armor(pod.security))
    out.warned = true;
  else
    out.field.reset();
  return out;
}

}  // namespace callgate::kube
