// Which arguments of a call make it what it is: those that take named constants (flags, commands, families). Pointers,
// descriptors, sizes and the like differ from one run to the next and pin nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "policy/policy.h"

namespace callgate::why {

// Conditions that hold for `call`, by argument; of the bits that the kernel looks at.
std::vector<policy::Condition> pins(const policy::Call& call, std::uint8_t known);
// Every call with these conditions, as a policy that allows nothing else: the call by its name on each architecture.
struct Cube {
  policy::Policy policy;
  std::vector<arch::Arch> archs;          // that have the call
  std::vector<std::string> multiplexers;  // through which 32-bit programs make it, where arguments cannot be asked for
};
Cube cube(const policy::Call& call, const std::vector<policy::Condition>& pins,
          const std::vector<arch::Arch>& architectures);

}  // namespace callgate::why
