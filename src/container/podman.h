// Podman: no daemon and no text sent; the command itself opens the one profile that counts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "container/request.h"

namespace callgate::container {

// containers.conf and the files beside it, as far as seccomp goes.
struct Podman {
  EngineVersion version{5, 4};
  std::string runtime = "crun";
  bool privileged = false;         // [containers] privileged
  bool no_new_privileges = false;  // [containers] no_new_privileges
  // [containers] default_capabilities; empty: as built in (14 before 4.4, then 11).
  std::vector<std::string> default_capabilities;
  // The default profile: seccomp_profile of containers.conf, else kPodmanOverride or kPodmanDefault where that file
  // exists; empty: built in.
  std::string seccomp_profile;
  const base::SourceFile* seccomp_file = nullptr;
  base::Span place;
};

inline constexpr std::string_view kPodmanOverride = "/etc/containers/seccomp.json";
inline constexpr std::string_view kPodmanDefault = "/usr/share/containers/seccomp.json";

}  // namespace callgate::container
