// Containers that run now, told by the engine that runs them: Docker, or Podman through its compatible socket.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/container.h"
#include "container/http.h"

namespace callgate::container {

// Where engines listen: DOCKER_HOST's unix socket, Docker's and Podman's own, for root and for the user.
std::vector<std::string> usual_sockets(const std::vector<std::string>& environment);

// Every container that runs at `socket`, or those whose names or ids begin with `names`. Takes the engine's version,
// default profile and runtimes over into `world`. False (and diagnosed) if the socket does not answer as an engine.
bool resolve_live(const std::string& socket, const std::vector<std::string>& names, World& world,
                  manifest::Answer& answer, base::Diagnostics& diagnostics, const HttpLimits& limits = {});

// What has become of a container, as its engine tells it.
struct State {
  std::string id, command;  // `command`: the path of its program
  std::string status;       // "running", "exited", "created", …
  std::uint64_t pid = 0;    // 0 unless it runs
  int exit_code = 0;
  bool out_of_memory = false;
  std::string error;              // why it could not be started
  std::string started, finished;  // RFC 3339; "0001-01-01T00:00:00Z" where it was not
};
State read_state(text::Node inspected);

// One container by name or id, whether it runs or not; its filter goes to the answer. Nothing (diagnosed) if the
// engine does not know it.
std::optional<State> look_up(const std::string& socket, const std::string& name, World& world, manifest::Answer& answer,
                             base::Diagnostics& diagnostics, const HttpLimits& limits = {});

}  // namespace callgate::container
