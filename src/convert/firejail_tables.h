// firejail's groups of calls and the calls that it knows by name, release by release (data/convert/firejail_*.csv).
// Both are fixed when firejail is built: a call that came later is unknown to it whatever the kernel has.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "arch/calls.h"

namespace callgate::convert {

// Those whose tables differ from the release before, oldest first.
enum class FirejailRelease : std::uint8_t { v0_9_72, v0_9_74, v0_9_78, v0_9_80 };

std::span<const FirejailRelease> firejail_releases();
std::string_view firejail_name(FirejailRelease release);  // "0.9.72"
// Whose tables the release has: 0.9.76's are 0.9.74's. Nothing for older ones and for what is no release.
std::optional<FirejailRelease> find_firejail_release(std::string_view text);
// The oldest one that knows calls of the architecture: 0.9.72 on x86 and arm. Debian 12 and Ubuntu 24.04 ship 0.9.72.
// Nothing where no release does.
std::optional<FirejailRelease> firejail_release_for(arch::Arch arch);

// What that release makes of a name, and what it calls a number: nothing and empty where it knows none.
std::optional<arch::SyscallNr> firejail_number(FirejailRelease release, arch::Arch arch, std::string_view call);
std::string_view firejail_call(FirejailRelease release, arch::Arch arch, arch::SyscallNr nr);

// The calls of a group ("@clock", or "secondary-32": the short list for i386) and of the groups in it; those of nested
// groups may stand there several times. A list holds only names that the machine firejail was built for has, also
// where it is then read for i386. Nothing if that release has no such group.
std::optional<std::vector<std::string_view>> firejail_group(FirejailRelease release, arch::Arch machine,
                                                            std::string_view group);
std::optional<std::string_view> closest_firejail_group(FirejailRelease release, std::string_view group);
std::vector<std::string_view> firejail_groups(FirejailRelease release);

}  // namespace callgate::convert
