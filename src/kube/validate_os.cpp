// Pods for Windows, their security options, and the name a Pod gives its host. Source: pkg/apis/core/validation
// (validateOS, validateWindows, validateLinux, validateWindowsSecurityContextOptions, validateWindowsHostProcessPod,
// validatePodHostName). SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "kube/names.h"
#include "kube/struct_json.h"
#include "kube/validate_values.h"

namespace callgate::kube::values {

namespace {

using text::Node;

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_net_bios(std::string_view domain) {
  constexpr std::size_t kLongest = 15;
  return !domain.empty() && domain.size() <= kLongest && domain.front() != '.' &&
         domain.find_first_of("\\/:*?\"<>|") == std::string_view::npos;
}

bool is_dns(std::string_view domain) {
  constexpr std::size_t kLongest = 63;
  const auto parts = base::split(domain, '.');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= kLongest && letter_or_digit(part.front()) && letter_or_digit(part.back()) &&
           std::all_of(part.begin(), part.end(), [](char c) { return letter_or_digit(c) || c == '-'; });
  });
}

// "DOMAIN\\USER" or "USER".
void user_name(const Value& found) {
  constexpr std::size_t kDomain = 256, kUser = 104;
  const std::string_view name = found.text();
  const auto refuse = [&](std::string_view why) {
    found.invalid_as(json::text(name), "runAsUserName" + std::string(why));
  };
  if (name.empty()) return refuse(" cannot be an empty string");
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    return refuse(" cannot contain control characters");
  const auto parts = base::split(name, '\\');
  if (parts.size() > 2) return refuse(" cannot contain more than one backslash");
  const bool has_domain = parts.size() == 2;
  const std::string_view domain = has_domain ? parts[0] : std::string_view(), user = parts.back();
  if (domain.size() >= kDomain) refuse("'s Domain length must be under 256 characters");
  if (has_domain && !is_net_bios(domain) && !is_dns(domain))
    refuse("'s Domain doesn't match the NetBios nor the DNS format");
  if (user.empty())
    refuse("'s User cannot be empty");
  else if (user.size() > kUser)
    refuse("'s User length must not be longer than 104 characters");
  if (!user.empty() && user.find_first_not_of(". ") == std::string_view::npos)
    refuse("'s User cannot contain only periods or spaces");
  if (user.find_first_of("\"/\\:;|=,+*?<>@[]") != std::string_view::npos)
    refuse("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
}

// Fields that may not be set: lists only count where something is in them, switches where they are on.
enum class Set { there, filled, on };
struct Refused {
  std::string_view holder, name;  // "" for the Pod's spec
  Set when = Set::there;
};
constexpr std::array<Refused, 15> kOfPods{{{"securityContext", "appArmorProfile"},
                                           {"securityContext", "seLinuxOptions"},
                                           {"", "hostUsers"},
                                           {"", "hostPID", Set::on},
                                           {"", "hostIPC", Set::on},
                                           {"securityContext", "seccompProfile"},
                                           {"securityContext", "fsGroup"},
                                           {"securityContext", "fsGroupChangePolicy"},
                                           {"securityContext", "sysctls", Set::filled},
                                           {"", "shareProcessNamespace"},
                                           {"securityContext", "runAsUser"},
                                           {"securityContext", "runAsGroup"},
                                           {"securityContext", "supplementalGroups"},
                                           {"securityContext", "supplementalGroupsPolicy"},
                                           {"securityContext", "seLinuxChangePolicy"}}};
constexpr std::array<std::string_view, 10> kOfContainers{
    "appArmorProfile", "seLinuxOptions",           "seccompProfile", "capabilities", "readOnlyRootFilesystem",
    "privileged",      "allowPrivilegeEscalation", "procMount",      "runAsUser",    "runAsGroup"};

void windows(const Pod& pod, FieldErrors& errors) {
  constexpr std::string_view kNot = "cannot be set for a windows pod";
  const Value spec(pod.spec, pod.spec_path(), pod.source, errors);
  for (const Refused& row : kOfPods) {
    const Value found = (row.holder.empty() ? spec : spec.at(row.holder)).at(row.name);
    const bool set = row.when == Set::on       ? truth(found.node()) == true
                     : row.when == Set::filled ? !found.entries().empty()
                                               : static_cast<bool>(found);
    if (set) errors.forbidden(found.path(), kNot, found.node().key_span());
  }
  for (const PodContainer& each : pod.containers)
    for (const std::string_view name : kOfContainers)
      if (const Node set = field(each.security, name))
        errors.forbidden(fmt::format("{}.securityContext.{}", pod.container_path(each), name), kNot, set.key_span());
}

void linux_only(const Pod& pod, FieldErrors& errors) {
  const auto refuse = [&](Node security, const std::string& path) {
    if (const Node set = field(security, "windowsOptions"))
      errors.forbidden(path + ".securityContext.windowsOptions", "windows options cannot be set for a linux pod",
                       set.key_span());
  };
  refuse(pod.security, pod.spec_path());
  for (const PodContainer& each : pod.containers) refuse(each.security, pod.container_path(each));
}

}  // namespace

void windows_options(const Value& options) {
  if (!options) return;
  if (const Value name = options.at("gmsaCredentialSpecName"))
    for (const std::string_view fault : subdomain_faults(name.text())) name.invalid_as(json::text(name.text()), fault);
  constexpr std::size_t kMost = std::size_t{64} * 1024;
  if (const Value content = options.at("gmsaCredentialSpec")) {
    if (content.text().empty())
      content.invalid("gmsaCredentialSpec cannot be an empty string");
    else if (content.text().size() > kMost)
      content.invalid_as(json::text(content.text()), "gmsaCredentialSpec size must be under 64 KiB");
  }
  if (const Value name = options.at("runAsUserName")) user_name(name);
}

// All containers or none, and in the host's network.
void host_process(const Pod& pod, FieldErrors& errors) {
  const auto of = [](Node security) { return field(field(security, "windowsOptions"), "hostProcess"); };
  const Node at_pod = of(pod.security);
  std::size_t count = 0;
  Node last = at_pod;
  for (const PodContainer& each : pod.containers) {
    const Node own = of(each.security);
    if (at_pod && own && truth(at_pod) != truth(own))
      errors.invalid(
          pod.container_path(each) + ".securityContext.windowsOptions.hostProcess",
          truth(own) == true ? "true" : "false",
          fmt::format("pod hostProcess value must be identical if both are specified, was {}", truth(at_pod) == true),
          own.span());
    if (truth(own ? own : at_pod) != true) continue;
    ++count;
    last = own ? own : at_pod;
  }
  if (count == 0) return;
  if (count != pod.containers.size())
    errors.invalid(pod.spec_path(), "\"\"",
                   "If pod contains any hostProcess containers then all containers must be HostProcess containers",
                   last.key_span());
  if (bool_field(pod.spec, "hostNetwork") != true)
    errors.invalid(pod.spec_path() + ".hostNetwork", "false",
                   "hostNetwork must be true if pod contains any hostProcess containers", last.key_span());
}

void operating_system(const Pod& pod, FieldErrors& errors) {
  const Value os = Value(pod.spec, pod.spec_path(), pod.source, errors).at("os");
  if (!os) return;
  if (pod.os.empty()) return os.at("name").required();
  if (pod.os != "linux" && pod.os != "windows")
    return errors.not_supported(os.path(), pod.os, {"linux", "windows"}, os.at("name").place());
  pod.os == "windows" ? windows(pod, errors) : linux_only(pod, errors);
}

void host_name(const Value& spec) {
  constexpr std::size_t kLongest = 64;
  const Value name = spec.at("hostnameOverride");
  if (!name) return;
  if (bool_field(spec.node(), "setHostnameAsFQDN") == true)
    name.forbidden("may not be specified when setHostnameAsFQDN is true");
  if (bool_field(spec.node(), "hostNetwork") == true) name.forbidden("may not be specified when hostNetwork is true");
  if (name.text().size() > kLongest) name.too_long(kLongest);
  name.faults(subdomain_faults(name.text()));
}

}  // namespace callgate::kube::values
