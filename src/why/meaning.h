// What a denial means to the programs that are known to make the call: from data/why/meanings.csv, and from what lint
// knows of C libraries' needs and of the calls they fall back on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace callgate::why {

struct Meaning {
  std::string text, source;
  bool harmless = false;  // the program does without
  bool operator==(const Meaning&) const = default;
};

// In the order of how much they tell; empty where nothing is known. Of arguments not known, none is taken for granted.
std::vector<Meaning> meanings(const policy::Call& call, std::uint8_t known, policy::Action action);

}  // namespace callgate::why
