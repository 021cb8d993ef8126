// Filters as lists of calls, without arguments: what systemd and firejail make of them. A name that an architecture
// does not have is skipped; a call that goes through socketcall or ipc there is filtered in both ways, as libseccomp
// does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string_view>

#include "arch/calls.h"
#include "policy/builder.h"

namespace callgate::convert {

using CallActions = std::map<std::string_view, policy::Action>;

// Says for every number of [first, last] of the architecture, which the builder knows, what the list says, or
// `fallback`.
void add_list(policy::Builder& builder, arch::Arch arch, policy::SyscallNr first, policy::SyscallNr last,
              const CallActions& actions, policy::Action fallback);

// The most restrictive answer that a decision gives: what is left of it where arguments cannot be asked about.
policy::Action strictest(const policy::Decision& decision);

}  // namespace callgate::convert
