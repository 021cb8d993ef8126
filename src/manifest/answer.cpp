// SPDX-License-Identifier: Apache-2.0
#include "manifest/answer.h"

#include <algorithm>
#include <array>

namespace callgate::manifest {

std::string_view name(Party party) {
  constexpr std::array<std::string_view, 9> kNames{"",        "docker-cli", "compose", "dockerd", "podman",
                                                   "nerdctl", "apiserver",  "kubelet", "runtime"};
  return kNames[static_cast<std::size_t>(party)];
}

std::string_view name(ProfileKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"unconfined", "builtin", "runtime-default", "file", "disabled"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool Answer::refused() const {
  const auto no = [](const auto& each) { return each.outcome == Outcome::refused; };
  return std::any_of(containers.begin(), containers.end(), no) || std::any_of(objects.begin(), objects.end(), no);
}

}  // namespace callgate::manifest
