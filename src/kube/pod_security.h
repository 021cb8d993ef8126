// Pod Security admission (k8s.io/pod-security-admission 0.36): the levels of a namespace, and what a Pod breaks of
// them, in the server's words. SPDX-License-Identifier: Apache-2.0
#pragma once

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
  std::optional<int> minor;  // of "v1.<minor>"; nothing: latest
  std::string text() const;
};

struct PodSecurity {
  LevelVersion enforce, audit, warn;
};

std::optional<Level> find_level(std::string_view text);
// "latest" or "v1.22".
std::optional<LevelVersion> with_version(Level level, std::string_view version);
// The labels pod-security.kubernetes.io/… of a namespace. A wrong level counts as restricted where it is enforced and
// as privileged for warnings, as the server does it.
PodSecurity pod_security_of(text::Node labels);

struct Violation {
  std::string reason, detail;
  std::vector<base::Span> places;  // what is to be mended; may be empty
};
// In the server's order; empty if the Pod keeps the level.
std::vector<Violation> violations(const Pod& pod, const LevelVersion& level);
// "reason (detail), reason (detail)".
std::string describe(const std::vector<Violation>& violations);

}  // namespace callgate::kube
