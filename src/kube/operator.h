// Objects of the Security Profiles Operator: a SeccompProfile becomes a file below the kubelet's seccomp directory,
// which a Pod in the same input may name. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "manifest/answer.h"
#include "manifest/files.h"
#include "text/node.h"

namespace callgate::kube {

// apiVersion security-profiles-operator.x-k8s.io/….
bool is_operator_object(text::Node object);

// The files that the operator writes for the SeccompProfiles among `objects`, by path below <root-dir>/seccomp:
// operator/<name>.json since the kind has no namespace (v1), operator/<namespace>/<name>.json before.
std::map<std::string, const base::SourceFile*, std::less<>> operator_profiles(std::span<const text::Node> objects,
                                                                              std::string_view default_namespace,
                                                                              manifest::Files& files);
// What there is to say of the object itself.
manifest::Object describe_operator_object(text::Node object, std::string_view default_namespace);

}  // namespace callgate::kube
