// What Podman finds on the machine: its configuration and the default profiles of the distribution. Source:
// containers/common pkg/config; podman libpod/util.go (DefaultSeccompPath). SPDX-License-Identifier: Apache-2.0
#include <array>

#include "container/container.h"

namespace callgate::container {

void find_podman_profile(manifest::Files& files, Podman& podman) {
  if (!podman.seccomp_profile.empty()) return;  // containers.conf names one
  for (const std::string_view path : std::array{kPodmanOverride, kPodmanDefault}) {
    const std::string name(path);
    const auto file = files.open(name, name);
    if (!file) continue;
    podman.seccomp_profile = name;
    podman.seccomp_file = *file;
    podman.place = {*file, 0, 0};
    return;
  }
}

}  // namespace callgate::container
