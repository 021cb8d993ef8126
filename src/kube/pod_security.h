// Pod Security admission (k8s.io/pod-security-admission 0.36): the levels of a namespace, and what a Pod breaks of
// them, in the server's words. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/pod.h"

namespace callgate::kube {

enum class Level { privileged, baseline, restricted };

// "restricted:latest", "restricted:v1.18".
struct LevelVersion {
  Level level = Level::privileged;
  std::optional<std::int64_t> minor;  // of "v1.<minor>"; nothing: latest
  std::string text() const;
};

struct PodSecurity {
  LevelVersion enforce, audit, warn;
};

std::optional<Level> find_level(std::string_view text);
// "latest" or "v1.22".
std::optional<LevelVersion> with_version(Level level, std::string_view version);
// The cluster's own: a PodSecurityConfiguration of the API server, where it was given one.
struct PodSecurityConfiguration {
  PodSecurity defaults;                                  // where a namespace's labels are silent
  std::vector<std::string> namespaces, runtime_classes;  // exempt
};
// Of kind PodSecurityConfiguration, or an AdmissionConfiguration that holds one; nothing for other objects.
std::optional<PodSecurityConfiguration> read_configuration(text::Node object);

// The labels pod-security.kubernetes.io/… of a namespace. A wrong level counts as restricted where it is enforced and
// as privileged for warnings, as the server does it for namespaces that have one from before.
PodSecurity pod_security_of(text::Node labels, const PodSecurity& defaults = {});

// A label that a new namespace may not have.
struct WrongLabel {
  std::string label, value;
  std::string_view detail;
  base::Span place;
};
std::vector<WrongLabel> wrong_labels(text::Node labels);

// A namespace that is exempt and asks for levels is told that they will not be looked at; nothing for others.
std::optional<std::string> exemption_warning(std::string_view name_space, text::Node labels,
                                             const PodSecurityConfiguration& configuration);

struct Violation {
  std::string reason, detail;
  std::vector<base::Span> places;  // what is to be mended; may be empty
};
// In the server's order; empty if the Pod keeps the level.
std::vector<Violation> violations(const Pod& pod, const LevelVersion& level);
// "reason (detail), reason (detail)".
std::string describe(const std::vector<Violation>& violations);

}  // namespace callgate::kube
