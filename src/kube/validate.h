// Validation of a new object, as kube-apiserver 1.36 does it (pkg/apis/core/validation and those of apps, batch, node):
// all that decides about Pods' security contexts, names, selectors and what is required; in the server's order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/field_errors.h"
#include "kube/pod.h"

namespace callgate::kube {

// `pod`: the one it holds, if its kind does.
void validate(text::Node object, std::string_view kind, const std::optional<Pod>& pod, FieldErrors& errors);

// What every kind says of itself.
void validate_metadata(text::Node object, std::string_view kind, FieldErrors& errors);
// What kinds that hold a Pod say around it.
void validate_workload(text::Node object, const std::optional<Pod>& pod, std::string_view kind, FieldErrors& errors);
void validate_job(text::Node object, const std::optional<Pod>& pod, FieldErrors& errors);
void validate_cron_job(text::Node object, const std::optional<Pod>& pod, FieldErrors& errors);
// A Pod's template, with what its kind's path leads to; nothing where there is none.
void validate_template(text::Node object, const std::optional<Pod>& pod, std::string_view kind, FieldErrors& errors);

// The fields of a Pod: spec and annotations.
void validate_pod_annotations(const Pod& pod, const std::string& path, FieldErrors& errors);
void validate_pod_spec(const Pod& pod, FieldErrors& errors);
// The old seccomp annotations against the fields.
void validate_seccomp_agreement(const Pod& pod, FieldErrors& errors);

}  // namespace callgate::kube
