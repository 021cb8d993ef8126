// Call tables: name ↔ number for every architecture, from data/syscalls/*.csv. All names of all architectures stand
// once in a sorted union; a NameId is an index into it, so a name is looked up once and then costs an array access
// an architecture. Everything is constexpr data; nothing is allocated at start.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arch/arch.h"

namespace callgate::arch {

enum class NameId : std::uint16_t {};

struct CallEntry {
  SyscallNr nr;  // with kX32Bit on x32
  NameId name;
  KernelVersion since;  // first kernel with this call on this architecture; 0.0 where not known (before 3.0)
};

// Perfect hash; exact spelling.
std::optional<NameId> find_name(std::string_view name);
std::string_view name(NameId id);
std::size_t name_count();
// The number of a call on one architecture; nothing where that architecture has no such call.
std::optional<SyscallNr> number(Arch arch, NameId id);
std::optional<SyscallNr> number(Arch arch, std::string_view name);
// Empty where the number is not known. Where two names share a number, the kernel's current one.
std::string_view name_of(Arch arch, SyscallNr nr);
std::string_view name_of_call(AuditArch audit, SyscallNr nr);
// Sorted by number.
std::span<const CallEntry> table(Arch arch);
// The known name closest to a misspelt one, if any is close.
std::optional<std::string_view> suggest_name(std::string_view misspelt);

// Calls that i386, s390, … also reach through a multiplexer: `socket` = socketcall(1, …), `shmget` = ipc(23, …).
struct Multiplexed {
  NameId multiplexer;      // socketcall or ipc
  std::uint32_t selector;  // value of its argument 0 under `mask`
  std::uint32_t mask;      // the bits the kernel looks at: ipc ignores the upper half, where the version stands
  bool operator==(const Multiplexed&) const = default;
};
// Empty where `arch` has no multiplexer for `id`.
std::optional<Multiplexed> multiplexed(Arch arch, NameId id);

}  // namespace callgate::arch
