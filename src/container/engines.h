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

// Podman's default for a container that names no profile of its own: what containers.conf names, else the machine's,
// else the one it was built with. A profile that containers.conf names holds for privileged containers too.
void choose_podman_default(manifest::Container& container, World& world, base::Span place,
                           std::optional<format::Runtime> runtime);
// A profile that Podman opens by its path.
void open_podman_profile(manifest::Container& container, World& world, const std::string& path, base::Span place,
                         std::optional<format::Runtime> runtime);
// Of a runtime by its name: what [engine.runtimes] says of it, else the name.
std::optional<format::Runtime> podman_runtime(const Podman& podman, std::string_view name);

}  // namespace callgate::container
