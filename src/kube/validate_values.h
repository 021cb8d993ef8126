// The values of a Pod's fields beside its security contexts: environment, probes, volumes, resources, where it may run.
// Each function checks one field as pkg/apis/core/validation does, in its order. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string_view>

#include "kube/pod.h"
#include "kube/value.h"

namespace callgate::kube::values {

// What containers can mount, by name.
using Volumes = std::map<std::string_view, text::Node>;

Volumes volumes(const Pod& pod, const Value& spec);
void local_path(const Value& path);  // relative, no ".."
// Of a downwardAPI file or a variable; `in_volume`: which paths it may name.
void field_reference(const Value& reference, bool in_volume);
void resource_reference(const Value& reference, bool in_volume);

// Of containers.
void environment(const Value& container);
void mounts(const Value& container, const Volumes& volumes, bool privileged);
void devices(const Value& container, const Volumes& volumes);
void resources(const Value& container, bool defaulted, const Value& spec);
void resize_policy(const Value& container, const Value& spec);
void lifecycle_and_probes(const Value& container, const Value& spec);
void forbid_probes(const Value& container);
void ephemeral(const Value& container, const Pod& pod);

// Of a Pod's spec, in the server's order around the security context.
void claims(const Value& spec);
void node_selector(const Value& spec);
void placement(const Value& spec);  // affinity, DNS, gates, spreading
void names(const Value& spec);      // service account … host aliases, priority class
void overhead(const Value& spec);

// Of a workload, around its selector and template.
void before_template(std::string_view kind, const Value& spec);
void after_template(std::string_view kind, const Value& spec);

void labels(const Value& map);
void annotations(const Value& map);
void label_selector(const Value& selector);

}  // namespace callgate::kube::values
