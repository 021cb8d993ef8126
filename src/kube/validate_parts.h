// Parts of a Pod's validation beside its security contexts. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kube/field_errors.h"
#include "kube/pod.h"

namespace callgate::kube::parts {

void ports(const Pod& pod, const PodContainer& container, const std::string& path, FieldErrors& errors);
// The same port of the host twice: in spec.containers, or in one init container, as they run one by one.
void host_port_conflicts(const Pod& pod, FieldErrors& errors);
void host_port_conflicts(const Pod& pod, const PodContainer& init, FieldErrors& errors);
// In the host's network a port is the host's.
void host_network(const Pod& pod, FieldErrors& errors);
// supplementalGroups, shareProcessNamespace and sysctls, which stand between the ids and the profiles.
void sharing(const Pod& pod, FieldErrors& errors);
// What is asked of Pods and of ephemeral containers, and not of templates.
void image(const Pod& pod, const PodContainer& container, FieldErrors& errors);
void images(const Pod& pod, FieldErrors& errors);

void app_armor_annotations(const Pod& pod, const std::string& path, FieldErrors& errors);
// The old AppArmor annotations of a Pod against its fields.
void app_armor_agreement(const Pod& pod, FieldErrors& errors);

}  // namespace callgate::kube::parts
