// Sets of calls in words: "domain 38…40", "(flags & 0x7e020000) ≠ 0 and type SOCK_RAW".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "arch/arch.h"
#include "policy/changes.h"

namespace callgate::syntax {

// Empty where no argument is restricted. Arguments are named as the prototype of `nr` names them.
std::string describe_region(policy::AuditArch audit, policy::SyscallNr nr, const std::array<policy::ArgSet, 6>& args);

inline constexpr std::string_view kEveryCall = "every call";

// What one call of one architecture, or a range of numbers that no table names, changes to.
struct ChangedCall {
  std::string arch;  // "x86_64"; "every other architecture"
  std::string call;  // "mount"; "463…1073741823" for numbers without a name
  bool named = true;
  policy::SyscallNr first = 0, last = 0;
  std::string region;  // describe_region()
  policy::Action before, after;
  policy::Direction direction{};
  policy::Call witness;
};

// The changes call by call, by architecture and number; x32's apart from x86_64's.
std::vector<ChangedCall> changed_calls(const std::vector<policy::Change>& changes);

}  // namespace callgate::syntax
