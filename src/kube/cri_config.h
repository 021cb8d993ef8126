// The configuration files of a node: containerd's config.toml (versions 1, 2 and 3), CRI-O's crio.conf with its
// drop-ins, and the kubelet's KubeletConfiguration, as far as they say which profile and which runtime a container
// gets. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "manifest/files.h"

namespace callgate::kube {

enum class CriEngine { containerd, crio, cri_dockerd };
std::optional<CriEngine> find_cri_engine(std::string_view name);  // "containerd", "cri-o", "cri-dockerd"
std::string_view name(CriEngine engine);

// What a RuntimeClass's handler names.
struct Handler {
  std::string name;
  std::string type;     // containerd: "io.containerd.runc.v2"; CRI-O: "oci", "vm", "pod"
  std::string program;  // containerd: options.BinaryName; CRI-O: runtime_path; empty: the type's own
  base::Span place;
  std::string seccomp_profile;  // CRI-O, for RuntimeDefault
  base::Span seccomp_place;
  std::vector<std::string> allowed_annotations;  // CRI-O
  bool base_spec = false;                        // containerd: base_runtime_spec
};

struct CriConfig {
  bool given = false;  // a file was read: handlers that it lacks do not exist
  std::string default_runtime;
  std::vector<Handler> handlers;
  std::string unset_seccomp_profile;  // containerd: for clients that send no profile at all
  std::string seccomp_profile;        // CRI-O: RuntimeDefault
  std::string privileged_seccomp_profile;
  base::Span unset_place, seccomp_place, privileged_place;
  std::vector<std::string> default_capabilities;  // CRI-O
  std::optional<bool> nri;                        // plugins may change the filter of any container
  base::Span nri_place;

  const Handler* handler(std::string_view name) const;  // "" is the default
};

// Each takes over what the file says; later files win. False if the engine would not start with it (diagnosed).
// containerd's `imports` are read where they lie in the file's own directory or below it.
bool read_containerd_config(const base::SourceFile& file, const std::string& path, manifest::Files& files,
                            CriConfig& config, base::Diagnostics& diagnostics);
bool read_crio_config(const base::SourceFile& file, CriConfig& config, base::Diagnostics& diagnostics);

struct KubeletConfig {
  bool seccomp_default = false;
  base::Span seccomp_default_place;
  std::string root_directory = "/var/lib/kubelet";  // --root-dir
  std::optional<CriEngine> engine;                  // as containerRuntimeEndpoint names it
};
bool read_kubelet_config(const base::SourceFile& file, KubeletConfig& config, base::Diagnostics& diagnostics);

}  // namespace callgate::kube
