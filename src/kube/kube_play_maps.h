// ConfigMaps as `podman kube play` has them: those of the file that is played, and those of --configmap. Without one
// that is asked for, Podman starts nothing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <span>
#include <string>

#include "kube/kube_play.h"
#include "kube/pod.h"
#include "manifest/files.h"

namespace callgate::kube {

class PlayedMaps {
 public:
  PlayedMaps(std::span<const text::Node> objects, const PlayOptions& options, manifest::Files& files);

  // Podman's words if it refuses the Pod for a file of --configmap or a volume; empty if it does not.
  std::string refusal_of_volumes(const Pod& pod) const;
  // The same for what a container's variables are taken from.
  std::string refusal_of_environment(const PodContainer& container) const;

 private:
  void read(const std::string& path, container::EngineVersion version, manifest::Files& files);
  std::string refusal_of_variable(text::Node variable) const;

  std::deque<text::Document> documents_;                 // of the files of --configmap
  std::map<std::string, text::Node, std::less<>> maps_;  // by name
  std::string refusal_;                                  // for a file of --configmap
};

}  // namespace callgate::kube
