// Questions about one call number of a policy.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "arch/arch.h"
#include "policy/algebra.h"
#include "policy/policy.h"

namespace callgate::lint {

using Wanted = std::function<bool(policy::Action)>;

// The least call of this number, with arguments that satisfy `where`, whose action is wanted.
std::optional<policy::Call> first_call(const policy::Policy& policy, policy::AuditArch audit, policy::SyscallNr nr,
                                       std::span<const policy::Condition> where, const Wanted& wanted);
// The same by name; nothing where the architecture has no such call.
std::optional<policy::Call> granted(const policy::Policy& policy, arch::Arch arch, std::string_view call,
                                    std::span<const policy::Condition> where = {});
std::optional<policy::Call> refused(const policy::Policy& policy, arch::Arch arch, std::string_view call,
                                    std::span<const policy::Condition> where = {});
const policy::Decision& decision_of(const policy::Policy& policy, policy::AuditArch audit, policy::SyscallNr nr);

// A call of this number, with arguments that satisfy `where`, on which the two decisions act differently.
std::optional<std::array<std::uint64_t, 6>> contrast_within(const policy::Decision& a, const policy::Decision& b,
                                                            std::span<const policy::Condition> where);
// The least call of this number on which the two act differently.
std::optional<policy::Call> first_contrast(const policy::Policy& a, const policy::Policy& b, policy::AuditArch audit,
                                           policy::SyscallNr nr);

// Whether the call is granted by some, and by all of its arguments.
struct Granted {
  bool some = false, all = false;
};
Granted how_granted(const policy::Policy& policy, arch::Arch arch, policy::SyscallNr nr);

}  // namespace callgate::lint
