// A Pod, or a workload's Pod template, as a value: what decides about seccomp, each with its place in the user's file.
// Everything else is reached through the nodes, which live as long as their documents.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source.h"
#include "text/node.h"

namespace callgate::kube {

// A field that is set: there and not null. JSON's null is the same as leaving the field out.
text::Node field(text::Node object, std::string_view name);
// The field's text where it is a string; empty otherwise.
std::string_view string_field(text::Node object, std::string_view name);
// As the server's YAML reader (YAML 1.1) takes it: yes, no, on, off are booleans too.
std::optional<bool> truth(text::Node node);
std::optional<bool> bool_field(text::Node object, std::string_view name);
std::vector<std::string> string_list(text::Node object, std::string_view name);

// The list's elements; none where it is not a list.
std::vector<text::Node> elements(text::Node object, std::string_view name);

// securityContext.seccompProfile.
struct Seccomp {
  std::string type;                              // "Localhost", …; as written
  std::optional<std::string> localhost_profile;  // "" is not the same as absent
  base::Span place;                              // the seccompProfile member
  base::Span type_place;                         // of type's value; else `place`
  base::Span path_place;                         // of localhostProfile; else `place`
};

enum class Role { container, init, ephemeral };
// "container", "init container", "ephemeral container".
std::string_view name(Role role);

struct PodContainer {
  Role role = Role::container;
  std::size_t index = 0;  // in its list
  std::string name, image;
  text::Node node, security;  // security: securityContext, if set
  std::optional<Seccomp> seccomp;
  bool privileged = false;
  std::vector<std::string> cap_add, cap_drop;  // as written
  std::optional<bool> allow_privilege_escalation;
};

struct Annotation {
  std::string key, value;
  base::Span place;
};

struct Pod {
  std::string kind;                             // of the object that holds it: "Pod", "Deployment", …
  std::string name;                             // of that object
  std::string name_space;                       // its metadata.namespace; empty: not said
  std::string path;                             // where the Pod stands in it: "" or "spec.template", "template", …
  text::Node object, metadata, spec, security;  // metadata and spec are the Pod's own
  base::Span source;
  std::vector<PodContainer> containers;  // init containers first, then containers, then ephemeral ones
  std::optional<Seccomp> seccomp;        // pod level
  std::vector<Annotation> annotations;
  std::optional<std::string> runtime_class;
  base::Span runtime_class_place;
  std::string os;  // spec.os.name; empty: not said
  std::optional<bool> host_users;

  bool is_template() const { return !path.empty(); }
  const Annotation* annotation(std::string_view key) const;
  // "spec.containers[0]", with the path to the Pod in front.
  std::string spec_path() const { return path.empty() ? "spec" : path + ".spec"; }
  std::string container_path(const PodContainer& container) const;
};

inline constexpr std::string_view kPodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
inline constexpr std::string_view kContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/";  // + name

// A port's hostPort as it is stored: a Pod in the host's network gets the containerPort where none is said; its
// ephemeral containers and templates do not.
std::int64_t host_port(const Pod& pod, const PodContainer& container, text::Node port);

// Where the Pod stands in an object of that kind; nothing for kinds that hold none.
std::optional<std::string_view> pod_path(std::string_view kind);
// The Pod of a decoded object; nothing if its kind holds none or it has no spec.
std::optional<Pod> read_pod(text::Node object);

}  // namespace callgate::kube
