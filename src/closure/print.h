// Closures for people: a table a phase, what stands beside it, and the capabilities as container engines take them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "closure/closure.h"

namespace callgate::closure {

std::string to_text(const Closure& closure);

// Where the capabilities are to be written.
//   docker      options of docker run and podman run
//   compose     members of a service
//   kubernetes  a member of a container's securityContext
enum class CapabilityForm : std::uint8_t { docker, compose, kubernetes };
std::optional<CapabilityForm> find_capability_form(std::string_view name);
// All are dropped, and those that are needed added. Nothing where they are not known.
std::optional<std::string> capabilities_text(const Closure& closure, CapabilityForm form);

}  // namespace callgate::closure
