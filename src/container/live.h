// Containers that run now, told by the engine that runs them: Docker, or Podman through its compatible socket.
// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace callgate::container
