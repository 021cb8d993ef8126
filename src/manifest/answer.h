// What is really in force: for every container of the user's files the seccomp filter it will run under, each step that
// led there, and what would be refused, by whom, in whose words. The front ends (container/, compose/, kube/) fill
// these values in; printing and linting read them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "format/profile.h"

namespace callgate::manifest {

enum class Outcome : std::uint8_t { runs, refused };

// The first part of the chain that says no.
enum class Party : std::uint8_t {
  nobody,
  docker_cli,
  compose,
  dockerd,
  podman,
  nerdctl,
  apiserver,
  kubelet,
  runtime,  // containerd's or CRI-O's CRI, runc, crun
};
// "docker-cli", "apiserver", …; empty for nobody.
std::string_view name(Party party);

enum class ProfileKind : std::uint8_t {
  unconfined,       // no filter was asked for, or it was turned off by name
  builtin,          // the engine's own default
  runtime_default,  // the same, asked for through Kubernetes
  file,             // a profile of the user's
  disabled,         // a profile was given, and the engine takes it for "no seccomp"
};
// "unconfined", "builtin", "runtime-default", "file", "disabled".
std::string_view name(ProfileKind kind);

// What a step is about, for those who look for faults.
enum class Topic : std::uint8_t {
  other,
  dropped_field,      // nobody reads it: the object has no such field, or the engine looks elsewhere
  legacy_annotation,  // seccomp's, from before Kubernetes 1.27
  unset,              // nothing asks for a profile, and the engine's own is not asked for either
  by_name,            // seccomp is turned off by name
  superseded,         // a later option takes this one's place
  privileged,         // the profile is set aside because the container is privileged
  privileged_alone,   // there is no filter because the container is privileged, and nobody gave a profile
  other_directory,    // a path that counts from another directory than its file's
  pod_security,       // a level of Pod Security is broken
  startup,            // the runtime itself needs what the filter refuses
};

// Something that was looked at on the way, in order.
struct Step {
  enum class Kind : std::uint8_t {
    fact,     // decided by this
    ignored,  // stands in the file and has no effect
    hazard,   // holds, and is seldom meant
  };
  Kind kind = Kind::fact;
  std::string text;  // lower case, no full stop
  base::Span place;  // empty: no place in a file
  Topic topic = Topic::other;
};

// A policy with what its reader said; shared between containers that run under the same.
struct Filter {
  format::Profile profile;
  base::Diagnostics warnings;  // of reading it the engine's way
};

struct Choice {
  ProfileKind kind = ProfileKind::unconfined;
  std::string path;      // of the file, as the engine opens it (on the node, for Kubernetes)
  std::string built_in;  // "docker-default", "podman-default", "containerd-default": the name that format/ knows it by
  base::Span place;      // what chose it
  // Null where the file is not at hand (a node's file without --seccomp-root): then the kind is all that is known.
  std::shared_ptr<const Filter> filter;
};

// One of several reasons for a refusal.
struct Reason {
  std::string text;
  base::Span place;
};

struct Container {
  std::string name;     // the container's, the service's, or the image's
  std::string owner;    // "Pod/myapp", "Deployment/web", "service app"; empty for a command line
  std::string role;     // "container", "init container", "ephemeral container", "sandbox"; empty outside Kubernetes
  base::Span source;    // where it stands
  std::string engine;   // "docker", "podman", "nerdctl", "containerd", "cri-o", "cri-dockerd"
  std::string runtime;  // "runc", "crun", or what the user names; empty where it is not known
  Outcome outcome = Outcome::runs;
  Party refused_by = Party::nobody;
  std::string message;          // the refusing party's own words
  std::vector<Reason> reasons;  // each of them, where the message gives several
  Choice choice;
  bool privileged = false;
  bool no_new_privileges = false;
  std::vector<std::string> capabilities;  // the bounding set: "CAP_CHOWN", sorted
  std::vector<std::string> security_opt;  // as sent to the engine's API (profiles as text)
  std::vector<Step> steps;
};

// An object without containers, or one that is refused as a whole: a RuntimeClass, a Service, a malformed Pod.
struct Object {
  std::string kind, name;  // "RuntimeClass", "myapp"
  base::Span source;
  Outcome outcome = Outcome::runs;
  Party refused_by = Party::nobody;
  std::string message;
  std::vector<std::string> warnings = {};  // the server's own, in order
  std::vector<Step> steps = {};
  std::vector<Reason> reasons = {};  // as a container's
};

struct Answer {
  std::vector<Container> containers;  // in file order
  std::vector<Object> objects;
  bool refused() const;  // anything of it
};

}  // namespace callgate::manifest
