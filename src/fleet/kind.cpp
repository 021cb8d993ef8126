// SPDX-License-Identifier: Apache-2.0
#include "fleet/kind.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "scan/machine.h"

namespace callgate::fleet {

namespace {

constexpr std::size_t kLineBytes = 256;                  // what the kernel reads of a script
constexpr std::size_t kMaxTable = std::size_t{1} << 16;  // of program headers the kernel's limit; of PT_DYNAMIC ours

template <class T>
bool load(const ReadAt& read_at, std::uint64_t offset, T& out) {
  std::array<std::uint8_t, sizeof(T)> bytes{};
  if (read_at(offset, bytes) != bytes.size()) return false;
  std::memcpy(&out, bytes.data(), bytes.size());
  return true;
}

std::vector<std::uint8_t> table(const ReadAt& read_at, std::uint64_t offset, std::uint64_t size) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(std::min<std::uint64_t>(size, kMaxTable)));
  out.resize(read_at(offset, out));
  return out;
}

template <class T, class F>
void each(const std::vector<std::uint8_t>& bytes, F&& visit) {
  for (std::size_t at = 0; bytes.size() - at >= sizeof(T); at += sizeof(T)) {
    T entry;
    std::memcpy(&entry, bytes.data() + at, sizeof(T));
    visit(entry);
  }
}

// The same for files of 64 and of 32 bits: Types names their structures.
template <class Ehdr, class Phdr, class Dyn>
FileKind executed(const ReadAt& read_at) {
  Ehdr header;
  if (!load(read_at, 0, header)) return FileKind::other;
  if (header.e_type == ET_EXEC) return FileKind::program;
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Phdr)) return FileKind::other;
  bool loader = false, pie = false, named = false;
  each<Phdr>(table(read_at, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Phdr)), [&](const Phdr& p) {
    loader = loader || p.p_type == PT_INTERP;
    if (p.p_type != PT_DYNAMIC) return;
    each<Dyn>(table(read_at, p.p_offset, p.p_filesz), [&](const Dyn& d) {
      pie = pie || (d.d_tag == DT_FLAGS_1 && (d.d_un.d_val & DF_1_PIE) != 0);
      named = named || d.d_tag == DT_SONAME;
    });
  });
  return pie || (loader && !named) ? FileKind::program : FileKind::library;
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_X86_64:
      return "x32";  // with headers of 32 bits
    case EM_ARM:
      return "arm";
    case EM_AARCH64:
      return "aarch64 (32-bit)";
    case EM_RISCV:
      return "riscv";
    case EM_S390:
      return "s390x";
    case EM_PPC64:
      return "ppc64";
    default:
      return fmt::format("machine {}", machine);
  }
}

std::string first_line(const ReadAt& read_at) {
  std::array<std::uint8_t, kLineBytes> bytes{};
  const std::size_t have = read_at(0, bytes);
  std::string line(reinterpret_cast<const char*>(bytes.data()), have);
  line.resize(std::min(line.find('\n'), line.size()));
  line.erase(0, 2);
  const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
  const auto end = line.find_last_not_of(" \t\r");
  return end == std::string::npos || end < begin ? "" : line.substr(begin, end + 1 - begin);
}

}  // namespace

Kind kind_of(const ReadAt& read_at) {
  std::array<std::uint8_t, 20> start{};
  const std::size_t have = read_at(0, start);
  if (have >= 2 && start[0] == '#' && start[1] == '!') return {FileKind::script, first_line(read_at)};
  if (have < start.size() || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) return {};
  const bool little = start[EI_DATA] == ELFDATA2LSB, wide = start[EI_CLASS] == ELFCLASS64;
  const auto half = [&](std::size_t at) {
    return static_cast<std::uint16_t>(little ? start[at] | start[at + 1] << 8 : start[at] << 8 | start[at + 1]);
  };
  const std::uint16_t type = half(EI_NIDENT), machine = half(EI_NIDENT + 2);
  if (!little) return type == ET_EXEC ? Kind{FileKind::foreign, machine_name(machine)} : Kind{};
  const FileKind kind = wide ? executed<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(read_at)
                             : executed<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(read_at);
  if (kind == FileKind::program && (!wide || scan::find_machine(machine) == nullptr))
    return {FileKind::foreign, machine_name(machine)};
  return {kind, ""};
}

}  // namespace callgate::fleet
