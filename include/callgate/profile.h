// Seccomp profiles: the OCI runtime specification's object (alone or in a config.json), Docker's format, and
// containers/common's. One file has as many meanings as readers; ProfileOptions picks one, and every silent effect of
// that reading becomes a warning with its place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/action.h"
#include "callgate/arch.h"
#include "callgate/diagnostic.h"
#include "callgate/policy.h"

namespace callgate {

/// Who reads the file, and which runtime makes the filter.
enum class Engine {
  docker,      ///< moby/profiles, then runc
  podman,      ///< containers/common, then crun
  containerd,  ///< plain OCI, then runc: archMap, includes, excludes and name are ignored
  runc,        ///< plain OCI, then runc
  crun,        ///< plain OCI, then crun
  oci,         ///< the runtime specification alone: no runtime's additions or defects
};

struct ProfileOptions {
  Engine as = Engine::docker;
  /// Capabilities the container holds ("CAP_SYS_ADMIN"), which Docker's includes and excludes ask for. Docker's 14
  /// defaults if not set; an empty list means none.
  std::optional<std::vector<std::string>> capabilities;
  /// The kernel that minKernel is compared with.
  int kernel_major = 6, kernel_minor = 18;
  Architecture native = native_architecture();
  /// Not empty: these architectures instead of the file's.
  std::vector<Architecture> architectures;
  /// Unknown names and other things that engines skip without a word become errors.
  bool strict = false;
};

/// A profile as read. An immutable value.
struct Profile {
  Policy policy;
  /// False: this reading turns seccomp off, and the policy allows everything (Docker does so with an empty object).
  bool confined = true;
  Action default_action;
  std::vector<Architecture> architectures;
  /// SECCOMP_FILTER_FLAG_* names that the profile asks for.
  std::vector<std::string> flags;
};

struct ProfileReading {
  /// Nothing if the engine would refuse the file or it cannot be read: the diagnostics say why.
  std::optional<Profile> profile;
  std::vector<Diagnostic> diagnostics;
};

/// Reads a profile from its text. `file_name` is only used in diagnostics.
ProfileReading read_profile(std::string_view text, std::string_view file_name, const ProfileOptions& options = {});

/// An engine's default profile: "docker-default", "podman-default", "containerd-default", "cri-o-default", and older
/// releases' ("containerd-1.6-default"). Other names give no profile and no diagnostics.
ProfileReading builtin_profile(std::string_view name, const ProfileOptions& options = {});

}  // namespace callgate
