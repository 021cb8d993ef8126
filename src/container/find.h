// One container by its name or id, wherever it is known: at an engine's socket, by the podman command, or in the state
// that runtimes (runc, crun) and containerd keep as files. What is told is enough to record it, not to judge it
// (live.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "container/http.h"
#include "text/node.h"

namespace callgate::container {

// How far it is.
//   stopped   it is known, and none of its processes lives: it was created only, or has ended
//   starting  the runtime has made its first process, which has not executed the program yet
//   running   the program runs
enum class Stage : std::uint8_t { stopped, starting, running };

struct Found {
  std::string engine;  // "docker", "podman", "runc", "crun", "containerd"
  std::string id, name;
  std::string image, image_id, image_digest;  // as asked for; of its configuration; of its manifest
  std::string project, service;               // of Docker Compose
  Stage stage = Stage::stopped;
  pid_t pid = 0;  // its first process, while it lives
  bool operator==(const Found&) const = default;
};

// The object of `docker inspect`, `podman inspect` or an engine's API.
Found read_found(text::Node inspected, std::string_view engine);

// Where to look. Each function answers nothing if the container is not known there.
// Errors: io, unsupported (http.h), invalid (the answer is none).
base::Result<std::optional<Found>> find_at_engine(const std::string& socket, const std::string& name,
                                                  const HttpLimits& limits = {});
// The containers of a Compose project, whether they run or not; one-off ones (`compose run`) are left out.
base::Result<std::vector<Found>> find_project(const std::string& socket, const std::string& project,
                                              const HttpLimits& limits = {});
// By executing podman, with our environment: what it says of the container, as JSON, and that as a container.
std::optional<std::string> inspect_by_podman(const std::string& name);
std::optional<Found> find_by_podman(const std::string& name);
// In folders that hold a folder for each container: runc's and crun's --root, containerd's tasks of one namespace. By
// id or, for containers of Pods, by the name there if only one has it.
std::optional<Found> find_in_state(const std::vector<std::string>& roots, const std::string& name);
// Those folders where they usually are; some of them may not exist.
std::vector<std::string> usual_state_roots(const std::vector<std::string>& environment);

}  // namespace callgate::container
