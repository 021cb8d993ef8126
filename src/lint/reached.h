// Which risks (data/lint/risks.csv) a policy lets a program reach.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "lint/facts.h"
#include "policy/policy.h"

namespace callgate::lint {

struct Reached {
  const Risk* risk = nullptr;
  std::vector<std::string_view> calls;  // in the order of the facts, each once
  policy::Call witness;                 // the first one that was found
};

// Sorted by rule. With `beyond`, only calls that are not granted by that policy: what a change adds. Their witness
// then is one that it does not grant.
std::vector<Reached> reached(const policy::Policy& policy, std::span<const arch::Arch> archs,
                             const policy::Policy* beyond = nullptr);

}  // namespace callgate::lint
