// From what the user names to what is in force: tells the kinds of files apart and hands each to the front end that
// reads it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "compose/compose.h"
#include "container/container.h"
#include "kube/kube.h"
#include "manifest/answer.h"

namespace callgate::resolve {

struct Options {
  compose::Options compose;
  kube::Options kube;
};

// Files of any kind, "-" for standard input, directories of Compose projects or of manifests. False if one cannot be
// read or holds nothing that makes a container (diagnosed). Kubernetes' objects are taken together, in order: what one
// creates counts for those behind it, in whatever file.
bool resolve_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                   manifest::Answer& answer, base::Diagnostics& diagnostics);
// Whether the path is a directory: a Compose project's.
bool is_project(const std::string& path, const container::World& world);
// What `docker compose` would take without operands, and with each -f; or, where those files hold Kubernetes' objects,
// what `kubectl -f` would. False if they cannot be taken so (diagnosed).
bool resolve_project(const Options& options, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics);

// Whether the words call an engine, whatever they ask of it.
bool is_command(std::span<const std::string> words);
// docker, podman, nerdctl and their compose, as typed. False if they make no container (diagnosed).
bool resolve_command(std::span<const std::string> words, container::World& world, manifest::Answer& answer,
                     base::Diagnostics& diagnostics);

}  // namespace callgate::resolve
