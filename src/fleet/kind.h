// What a file is to those who look for programs, told from a few reads of its beginning, without reading all of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace callgate::fleet {

enum class FileKind : std::uint8_t {
  other,
  script,   // "#!"
  program,  // an ELF file that the kernel executes, of a machine that can be analysed
  library,  // one that only other programs load
  foreign,  // a program of any other machine
};

struct Kind {
  FileKind kind = FileKind::other;
  std::string detail;  // of a script its first line's words after "#!"; of a foreign program its machine
};

// Reads at an offset as much as there is; gives the number of bytes.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::uint8_t> into)>;

// Programs are ET_EXEC files, and ET_DYN ones that say so (DF_1_PIE) or ask for a loader and are not named as a
// library. Every size in the file is bounded: at most some 130 KiB are read.
Kind kind_of(const ReadAt& read_at);

}  // namespace callgate::fleet
