// Calls, arguments and conditions as people write and read them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "arch/prototype.h"
#include "bpf/assembly.h"
#include "policy/policy.h"

namespace callgate::syntax {

// "did you mean 'x'?", or nothing.
std::string suggestion(std::optional<std::string_view> near);

// A call by name or number on one architecture; numbers of x32 get bit 30. Nothing if there is none of that name.
std::optional<policy::SyscallNr> find_call(arch::Arch arch, std::string_view name_or_number);

// What is known of one argument of a call; nothing where its prototype is not known or has fewer.
std::optional<arch::ArgPrototype> argument(policy::AuditArch audit, policy::SyscallNr nr, unsigned arg);
// A value in the words of its argument's set ("AF_VSOCK"), or as a number; `prototype` may be null.
std::string describe_argument(const arch::ArgPrototype* prototype, std::uint64_t value);

// "socket(domain=AF_INET, type=SOCK_STREAM, protocol=0)"; all six arguments where the prototype is not known.
std::string describe_call(const policy::Call& call);
// "x86_64", or the token where it has no name.
std::string describe_arch(policy::AuditArch audit, policy::SyscallNr nr);
// "domain == AF_VSOCK", "(flags & 0x7e020000) == 0"; `low_word`: only the low 32 bits are compared.
std::string describe_condition(policy::AuditArch audit, policy::SyscallNr nr, const policy::Condition& condition,
                               bool low_word = false);
// All of a clause's, with "and".
std::string describe_conditions(policy::AuditArch audit, policy::SyscallNr nr, const policy::Clause& clause,
                                bool low_word = false);

bool is_capability(std::string_view name);  // "CAP_SYS_ADMIN"
std::optional<std::string_view> closest_capability(std::string_view name);

// Names for bpf's listings.
bpf::Names listing_names();

}  // namespace callgate::syntax
