// `podman kube play`: Podman reads Kubernetes' objects without an API server. It takes no notice of seccompProfile; the
// annotations that Kubernetes gave up decide. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "container/container.h"
#include "kube/pod.h"
#include "manifest/answer.h"
#include "text/node.h"

namespace callgate::kube {

struct PlayOptions {
  container::EngineVersion version{5, 4};  // Podman's
  std::string seccomp_root = "/var/lib/kubelet/seccomp";
  std::string runtime = "crun";
  std::vector<std::string> config_maps = {};  // --configmap: files
  std::vector<Annotation> annotations = {};   // --annotation, each with its place on the command line
  std::string wrong_annotation = {};          // why the command refuses one
};

void play_objects(std::span<const text::Node> objects, const PlayOptions& options, container::World& world,
                  manifest::Answer& answer);

// podman [options] kube play [options] FILE, and the older `play kube`.
bool is_kube_play(std::span<const container::Word> words);
void resolve_kube_play(std::span<const container::Word> words, container::World& world, manifest::Answer& answer,
                       base::Diagnostics& diagnostics);

}  // namespace callgate::kube
