// Memory of a traced, stopped task. Addresses and contents are the task's: judge them, never trust them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "tracee/ptrace.h"

namespace callgate::tracee {

// All of `into`, or an error (io: not mapped, or gone).
base::Result<void> read_memory(pid_t tid, std::uint64_t address, std::span<std::byte> into,
                               const Ptrace& kernel = real_ptrace());
// Up to a NUL (left out), or to `limit` bytes.
base::Result<std::string> read_text(pid_t tid, std::uint64_t address, std::size_t limit = 4096,
                                    const Ptrace& kernel = real_ptrace());
// To memory that the task itself could write.
base::Result<void> write_memory(pid_t tid, std::uint64_t address, std::span<const std::byte> from,
                                const Ptrace& kernel = real_ptrace());
// One byte of its code, whatever the mapping permits (PTRACE_POKETEXT); other users of the file do not see it.
base::Result<void> write_code(pid_t tid, std::uint64_t address, std::byte value, const Ptrace& kernel = real_ptrace());

}  // namespace callgate::tracee
