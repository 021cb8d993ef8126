// Podman: no daemon and no text sent; the command itself opens the one profile that counts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "container/request.h"

namespace callgate::container {

// containers.conf and the files beside it, as far as seccomp goes.
struct Podman {
  EngineVersion version{5, 4};
  std::string runtime = "crun";
  // [engine.runtimes]: what a name stands for, and the first of the programs it is looked for at.
  std::vector<std::pair<std::string, std::string>> runtimes;
  bool privileged = false;  // [containers] privileged
  // [containers] default_capabilities; nothing: as built in (14 before 4.4, then 11).
  std::optional<std::vector<std::string>> default_capabilities;
  bool append_capabilities = false;  // {append = true} was said, and holds for every later file
  // [containers] seccomp_profile: "unconfined", or a path as Podman opens it; empty: none is named.
  std::string seccomp_profile;
  base::Span place;  // where
  // What the machine has as kPodmanOverride or kPodmanDefault: how it is called here. Null: the built-in one counts.
  std::string default_path;
  const base::SourceFile* default_file = nullptr;
};

// Takes over what a containers.conf says that decides about the filter; files are read in Podman's order, and later
// ones win. False where Podman would not start with it (diagnosed). `podman.version` counts.
bool read_containers_conf(const base::SourceFile& file, Podman& podman, base::Diagnostics& diagnostics);

// The capabilities that a container has if nothing is added or dropped.
std::vector<std::string> default_capabilities(const Podman& podman);

inline constexpr std::string_view kPodmanOverride = "/etc/containers/seccomp.json";
inline constexpr std::string_view kPodmanDefault = "/usr/share/containers/seccomp.json";

}  // namespace callgate::container
