// What other tools call things, as facts (data/convert/*.csv): kafel's calls with the names and widths of their
// arguments, systemd's groups of calls, the constants that minijail knows. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "arch/calls.h"

namespace callgate::convert {

// kafel has its own names for some calls (newstat for stat), and 32-bit architectures' calls at other numbers.
struct KafelCall {
  arch::Arch arch;
  std::string_view name;
  arch::SyscallNr nr;
  std::string_view arguments;  // "fd:4 buf:8": name and bytes
};

struct KafelArgument {
  std::string_view name;
  unsigned bytes = 0;
};

// Null if kafel does not know the call; the architectures that it has tables for here are x86_64, x86, arm, aarch64 and
// riscv64.
const KafelCall* find_kafel_call(arch::Arch arch, std::string_view name);
const KafelCall* find_kafel_call(arch::Arch arch, arch::SyscallNr nr);
bool kafel_has(arch::Arch arch);
std::vector<KafelArgument> kafel_arguments(const KafelCall& call);
std::optional<std::string_view> closest_kafel_call(arch::Arch arch, std::string_view name);

struct GroupMember {
  std::string_view group;   // "@basic-io"
  std::string_view member;  // a call, or another group
};

// systemd's: the calls of a group and of the groups in it, sorted, each once; nothing if there is no such group.
std::optional<std::vector<std::string_view>> systemd_group(std::string_view group);
std::optional<std::string_view> closest_systemd_group(std::string_view group);
// Every group of systemd's, sorted.
std::vector<std::string_view> systemd_groups();

bool minijail_knows(std::string_view constant);

}  // namespace callgate::convert
