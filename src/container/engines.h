// Behind the option grammar: what each engine makes of `run`, `create` and `exec`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "container/container.h"
#include "container/options.h"

namespace callgate::container {

manifest::Container docker_container(const CommandLine& line, base::Span place, World& world);
// `global`: the options before the command (--runtime).
manifest::Container podman_container(const CommandLine& global, const CommandLine& line, base::Span place,
                                     World& world);
manifest::Container nerdctl_container(const CommandLine& line, base::Span place, World& world);
// The JSON of inspect, or of an engine's API; `engine` is "docker", "podman", or empty: told by the object's fields.
void resolve_inspected(text::Node root, std::string_view engine, World& world, manifest::Answer& answer,
                       base::Diagnostics& diagnostics);

}  // namespace callgate::container
