// Two changes of one policy, made apart, put together: exactly, call by call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "policy/changes.h"
#include "policy/policy.h"

namespace callgate::policy {

struct ThreeWay {
  // To every call the answer that was changed, or base's; where both changed it, and not alike, ours.
  Policy merged;
  // Those calls: `before` is our answer, `after` theirs.
  std::vector<Change> conflicts;
};
// Error: limit, as combine().
base::Result<ThreeWay> merge_three(const Policy& base, const Policy& ours, const Policy& theirs);

}  // namespace callgate::policy
