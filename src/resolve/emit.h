// The correct way to deploy a profile, as text that can be put to use: what `resolve` reads back from it is the
// profile. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callgate::resolve {

enum class Target { docker, compose, kubernetes };

struct Deployment {
  std::string profile;             // the file, as the user names it
  std::string runtime_class = {};  // Kubernetes: a RuntimeClass to go with it; empty: none
  std::string handler = {};        // its handler; empty: the engine's usual one
  bool crio = false;               // else containerd and cri-dockerd
  std::string command = "docker";  // or podman, which takes the same options
  std::string image = "IMAGE";
};

// The name below the kubelet's root under which a profile is deployed: "profiles/web.json" for "../web.json".
std::string localhost_name(const std::string& profile);
// As a word of a shell's command line, quoted where it has to be.
std::string shell_word(std::string_view text);
// A Compose file to be given behind the project's own: each service (first) under its profile (second).
std::string emit_override(const std::vector<std::pair<std::string, std::string>>& services);
std::string emit(Target target, const Deployment& deployment);

}  // namespace callgate::resolve
