// A core file of a program that a filter ended: the kernel puts the signal's information (which call, on which
// architecture, at which address) and the registers of each thread into its notes. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "why/denial.h"

namespace callgate::why {

struct CoreThread {
  std::uint64_t id = 0;
  policy::Call call;  // as its registers have it
  std::uint64_t address = 0;
};

struct CoreFile {
  std::string program, arguments;  // as the kernel cut them
  std::uint64_t process = 0;
  CoreThread thread;  // the one that the signal ended: it comes first
  int signal = 0;
  bool by_filter = false;       // SIGSYS, and it came from seccomp
  policy::AuditArch audit = 0;  // of the fatal call, where by_filter
  policy::SyscallNr nr = 0;
  std::uint16_t datum = 0;  // what the filter gave with it
};

// The bytes of a file, part by part: the whole of a core file may be larger than memory.
using FileBytes = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> out)>;

// Errors: invalid, for what is no core file of x86_64, i386 or aarch64.
base::Result<CoreFile> read_core(const FileBytes& bytes);
// What the program's memory held. Constants of programs and libraries are not in core files: where `mapped` opens the
// file that lay there, they are read from it, if it is an ELF file; it may be empty.
using OpenMapped = std::function<FileBytes(const std::string& path)>;
decode::Memory core_memory(const FileBytes& bytes, const OpenMapped& mapped);

// The denial, or nothing where no filter ended the program. KILL and TRAP look alike in a core file; `judge` may tell.
std::optional<Denial> from_core(const CoreFile& core, const decode::Memory& memory);

}  // namespace callgate::why
