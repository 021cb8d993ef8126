// The rules about manifests: from containers and objects, as resolve/ tells of them, to findings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "arch/arch.h"
#include "manifest/answer.h"
#include "manifest/filters.h"
#include "review/findings.h"
#include "review/review.h"
#include "review/yaml_place.h"

namespace callgate::review {

// A call that `more` grants and `less` does not, of the gravest risk that only `more` reaches on that architecture; of
// two of one level, the one with more public CVEs. Nothing where no risk is reached.
std::optional<policy::Call> gravest(const policy::Policy& more, const policy::Policy& less, arch::Arch native);

// What stands in the files and does not do what it seems to do.
void check_manifests(const manifest::Answer& answer, manifest::Filters& filters, Trees& trees, Findings& findings);
// The ceiling and the closure, where they are given.
void check_bounds(const manifest::Answer& answer, const Options& options, manifest::Filters& filters,
                  Findings& findings);

}  // namespace callgate::review
