// Kubernetes objects → what is in force: first what the API server makes of each object, then what the kubelet and the
// CRI engine do with each container. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "container/container.h"
#include "kube/api.h"
#include "kube/kube_play.h"
#include "kube/node.h"
#include "manifest/answer.h"
#include "text/node.h"

namespace callgate::kube {

struct Options {
  Cluster cluster;  // field validation, namespaces and their Pod Security levels, RuntimeClasses that exist already
  // "containerd", "cri-o", "cri-dockerd", or "podman-kube"; empty: as the kubelet's configuration names it, else
  // containerd.
  std::string engine;
  std::string containerd_release;           // Node::containerd_release
  std::vector<std::string> engine_configs;  // config.toml, crio.conf, a directory of drop-ins; later ones win
  std::string kubelet_config;               // a KubeletConfiguration; empty: none
  bool seccomp_default = false;             // the kubelet's --seccomp-default
  std::string root_directory;               // the kubelet's --root-dir; empty: /var/lib/kubelet
  std::string seccomp_root;                 // Node::seccomp_root, or podman's --seccomp-profile-root
  bool sandboxes = false;                   // a row for each Pod's sandbox
};

bool looks_like_kubernetes(text::Node root);

// All documents of an input, in order: what one creates counts for those behind it, as with `kubectl apply -f`. SPO
// objects count for all. Errors are of the options' files; nothing is resolved then.
void resolve_objects(std::span<const text::Document> documents, const Options& options, container::World& world,
                     manifest::Answer& answer, base::Diagnostics& diagnostics);

}  // namespace callgate::kube
