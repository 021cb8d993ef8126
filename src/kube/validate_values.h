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
void local_path(const Value& path);      // relative, no ".."
void projected_path(const Value& path);  // and not with a name that the kubelet keeps for itself
void mode(const Value& number);          // of a file
// Of a downwardAPI file or a variable; `in_volume`: which paths it may name.
void field_reference(const Value& reference, bool in_volume);
void resource_reference(const Value& reference, bool in_volume);
void key_to_path(const Value& item);
void downward_file(const Value& file, const Value& told);  // told of below `told`, without its index
void projected(const Value& source);
// Of PersistentVolumeClaims.
void claim_spec(const Value& spec);
void claim_template(const Value& source);

// Of containers.
void environment(const Value& container);
void mounts(const Value& container, const Volumes& volumes, bool privileged);
void devices(const Value& container, const Volumes& volumes);
void resources(const Value& container, bool defaulted, const Value& spec);
void resize_policy(const Value& container, const Value& spec);
void forbid_restart_on_resize(const Value& container);
void lifecycle_and_probes(const Value& container, const Value& spec);
void forbid_probes(const Value& container);
void restart_policy(const Value& container, Role role);
void ephemeral(const Value& container, const Pod& pod);
void windows_options(const Value& options);  // of Pods and containers

// Of a Pod, in the server's order around the security context.
void pod_annotations(const Pod& pod, const std::string& path, FieldErrors& errors);
void claims(const Pod& pod, const Value& spec);
void pod_resources(const Pod& pod, const Value& spec);
void node_selector(const Value& spec);
void placement(const Pod& pod, const Value& spec);  // affinity, DNS, gates, spreading
void host_process(const Pod& pod, FieldErrors& errors);
void host_name(const Value& spec);
void names(const Pod& pod, const Value& spec);  // service account … host aliases, priority class
void overhead(const Value& amounts);
void operating_system(const Pod& pod, FieldErrors& errors);
void variable_files(const Pod& pod, FieldErrors& errors);

void tolerations(const Value& holder);
void labels(const Value& map);
void annotations(const Value& map);
void label_selector(const Value& selector);

}  // namespace callgate::kube::values
