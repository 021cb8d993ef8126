// The node's side: which profile the kubelet asks for, and what the CRI engine makes of it. The kubelet takes the
// container's seccompProfile, else the Pod's, else its own default, and never merges them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "container/container.h"
#include "kube/cri_config.h"
#include "kube/pod.h"
#include "manifest/answer.h"

namespace callgate::kube {

struct Node {
  CriEngine engine = CriEngine::containerd;
  // Which of containerd's default profiles: "1.6", "1.7", "2.0"; empty: the newest.
  std::string containerd_release;
  CriConfig config;
  KubeletConfig kubelet;
  // The directory here that holds what the node has in <root-dir>/seccomp; empty: not at hand.
  std::string seccomp_root;
  // Profiles of Security Profiles Operator objects, by their path below <root-dir>/seccomp.
  std::map<std::string, const base::SourceFile*, std::less<>> operator_profiles;
};

// One of the Pod's containers, named and placed; nothing is decided of it.
manifest::Container container_of(const Pod& pod, const PodContainer& container);
// `handler`: of the Pod's RuntimeClass; empty: none.
manifest::Container decide(const Pod& pod, const PodContainer& container, const std::string& handler, const Node& node,
                           container::World& world);
// The Pod's own sandbox (the pause process), which always asks for RuntimeDefault.
manifest::Container decide_sandbox(const Pod& pod, const std::string& handler, const Node& node,
                                   container::World& world);

// The bounding set as that engine reckons it from securityContext.capabilities. `unknown`: names without effect.
std::vector<std::string> cri_capabilities(CriEngine engine, const std::vector<std::string>& defaults,
                                          const std::vector<std::string>& add, const std::vector<std::string>& drop,
                                          std::vector<std::string>& unknown);

}  // namespace callgate::kube
