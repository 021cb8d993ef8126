// The options that say what surrounds a manifest: engines, their versions and configurations, nodes, clusters, Compose
// projects. `resolve` and `lint` share them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/session.h"
#include "container/container.h"
#include "manifest/filters.h"
#include "resolve/resolve.h"

namespace callgate::cli {

std::vector<std::string> texts(const std::vector<std::string_view>& views);

// The socket that --host names, else the first of the usual ones that is there; empty (diagnosed) if none is.
std::string socket_of(Session& session);
// The machine that --arch and --kernel describe.
manifest::Machine machine(const format::ReadOptions& reading);
// What the engines' options say, into `world`; the exit status if one is wrong (diagnosed), else kYes.
int set_engines(Session& session, container::World& world);
// Of the Compose project and of the cluster. Nothing if an option is wrong (diagnosed).
std::optional<resolve::Options> surroundings(Session& session);

// Nodes and clusters.
inline constexpr auto kClusterOptions = std::array<Option, 10>{{
    {"engine", 0, "ENGINE", "the nodes' engine (what the kubelet's configuration names, else containerd)",
     "containerd,cri-o,cri-dockerd,podman-kube"},
    {"engine-config", 0, "FILE", "its config.toml or crio.conf, or a directory of drop-ins; later ones count", "",
     true},
    {"containerd-release", 0, "X.Y", "whose default profile containerd has (the newest if not given)",
     "1.6,1.7,2.0,2.3"},
    {"kubelet-config", 0, "FILE", "the nodes' KubeletConfiguration", ""},
    {"seccomp-default", 0, "", "the kubelets run with --seccomp-default", ""},
    {"seccomp-root", 0, "DIR", "a copy of the nodes' /var/lib/kubelet/seccomp, in which Localhost profiles are opened",
     ""},
    {"field-validation", 0, "HOW", "of unknown and repeated fields: strict as by kubectl (if not given), warn, ignore",
     "strict,warn,ignore"},
    {"namespace", 'n', "NAME", "the namespace of objects that name none (default if not given)", ""},
    {"pod-security", 0, "NS=LEVEL[:VERSION]", "a namespace's Pod Security level; may be repeated", "", true},
    {"runtime-class", 0, "NAME[=HANDLER]",
     "a RuntimeClass that the cluster has; with --emit k8s: the one to deploy it with; may be repeated", "", true},
}};
// Engines on the user's own machine.
inline constexpr auto kEngineOptions = std::array<Option, 6>{{
    {"daemon-config", 0, "FILE", "dockerd's daemon.json: its default profile, runtimes, and what else counts", ""},
    {"docker-version", 0, "X.Y.Z",
     "Docker's version: command and daemon (29.7.2 if not given); its default profile is that of the release", ""},
    {"podman-version", 0, "X.Y.Z", "Podman's version (5.4 if not given)", ""},
    {"containers-conf", 0, "FILE",
     "Podman's containers.conf, or a directory of drop-ins; later ones count: give them as Podman reads them, "
     "/usr/share/containers, /etc/containers, its .conf.d, the user's",
     "", true},
    {"podman-default", 0, "FILE",
     "Podman's default profile on that machine, /usr/share/containers/seccomp.json (its built-in one if not given)",
     ""},
    {"runtime", 0, "NAME", "the engine's default runtime: runc or crun (Docker's runc, Podman's crun if not given)",
     ""},
}};

}  // namespace callgate::cli
