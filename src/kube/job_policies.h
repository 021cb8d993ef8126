// When a Job has failed, succeeded, or makes a Pod anew. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "kube/value.h"

namespace callgate::kube {

void job_failure_policy(const Value& spec);
void job_success_policy(const Value& spec, std::optional<std::int64_t> completions);
void job_replacement_policy(const Value& spec);

}  // namespace callgate::kube
