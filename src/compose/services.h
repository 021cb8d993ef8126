// From an enabled service to what the engine is asked for, one request a replica (docker/compose's
// pkg/compose/create.go). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "compose/project.h"
#include "container/request.h"

namespace callgate::compose {

struct ServiceRequest {
  container::Request request;
  std::optional<Refusal> refused;  // by Compose itself, before anything is sent
};

Loaded<std::vector<ServiceRequest>> requests_of(const Project& project, Loader& loader, const Options& options,
                                                const OneOff* one_off);

}  // namespace callgate::compose
