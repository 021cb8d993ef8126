// The correct way to deploy a profile, as text that can be put to use: what `resolve` reads back from it is the
// profile. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace callgate::resolve {

enum class Target { docker, compose, kubernetes };

struct Deployment {
  std::string profile;             // the file, as the user names it
  std::string runtime_class = {};  // Kubernetes: a RuntimeClass to go with it; empty: none
  std::string handler = {};        // its handler; empty: the engine's usual one
  bool crio = false;               // else containerd and cri-dockerd
};

// The name below the kubelet's root under which a profile is deployed: "profiles/web.json" for "../web.json".
std::string localhost_name(const std::string& profile);
std::string emit(Target target, const Deployment& deployment);

}  // namespace callgate::resolve
