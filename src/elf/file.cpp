// ELF header, program headers, section headers.
// SPDX-License-Identifier: Apache-2.0
#include "elf/file.h"

#include <fmt/format.h>

#include <algorithm>

#include "elf/parser.h"

namespace callgate::elf {

namespace {

// The kernel takes at most 64 KiB of program headers.
constexpr std::size_t kMaxProgramHeaders = 65536 / sizeof(Elf64_Phdr);
// No name is longer (C++ templates come to some thousand); keeps hostile tables from costing their square.
constexpr std::size_t kMaxNameBytes = 16384;
constexpr std::size_t kMaxDefects = 20;

}  // namespace

const Segment* File::segment_of(Address a) const {
  const auto after = std::upper_bound(segments.begin(), segments.end(), a,
                                      [](Address x, const Segment& s) { return x < s.memory.begin; });
  if (after == segments.begin()) return nullptr;
  const Segment& s = *(after - 1);
  return s.memory.contains(a) ? &s : nullptr;
}

Bytes File::at(Address a) const {
  const Segment* const s = segment_of(a);
  if (s == nullptr || a - s->memory.begin >= s->file_size) return {};
  const std::uint64_t skip = a - s->memory.begin;
  return bytes_.subspan(s->offset + skip, s->file_size - skip);
}

std::string_view File::text_at(Address a) const {
  const Bytes b = at(a);
  const std::size_t most = std::min(b.size(), kMaxNameBytes);
  const void* const end = most == 0 ? nullptr : std::memchr(b.data(), 0, most);
  if (end == nullptr) return {};
  return {reinterpret_cast<const char*>(b.data()),
          static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - b.data())};
}

base::Result<File> File::parse(Bytes bytes) {
  return Parser(bytes).run();
}

std::string_view Parser::text(Bytes table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::size_t most = std::min(table.size() - offset, kMaxNameBytes);
  const std::uint8_t* const begin = table.data() + offset;
  const void* const end = std::memchr(begin, 0, most);
  if (end == nullptr) return {};
  return {reinterpret_cast<const char*>(begin),
          static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - begin)};
}

bool Parser::slice(std::uint64_t offset, std::uint64_t size, Bytes& out) const {
  if (offset > file_.bytes_.size() || size > file_.bytes_.size() - offset) return false;
  out = file_.bytes_.subspan(offset, size);
  return true;
}

Bytes Parser::area(Address a, std::uint64_t size, std::string_view what) {
  if (size == 0) return {};
  const Bytes b = file_.at(a);
  if (b.size() < size) defect(fmt::format("{} at {:#x} reaches beyond the file", what, a));
  return b.first(std::min<std::uint64_t>(b.size(), size));
}

void Parser::defect(std::string text) {
  if (file_.defects.size() < kMaxDefects) file_.defects.push_back(std::move(text));
}

base::Result<void> Parser::headers() {
  using base::ErrorCode;
  Elf64_Ehdr header;
  if (file_.bytes_.size() < EI_NIDENT || std::memcmp(file_.bytes_.data(), ELFMAG, SELFMAG) != 0)
    return base::fail(ErrorCode::invalid, "no ELF file");
  if (file_.bytes_[EI_CLASS] != ELFCLASS64 || file_.bytes_[EI_DATA] != ELFDATA2LSB)
    return base::fail(ErrorCode::unsupported, "ELF file is not 64-bit little-endian");
  if (!load(file_.bytes_, 0, header)) return base::fail(ErrorCode::invalid, "ELF header is cut short");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return base::fail(ErrorCode::invalid, "ELF file is neither a program nor a shared library");
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > kMaxProgramHeaders)
    return base::fail(ErrorCode::invalid, "ELF file has no usable program headers");
  file_.machine = header.e_machine;
  file_.position_dependent = header.e_type == ET_EXEC;
  file_.entry = header.e_entry;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr p;
    if (header.e_phoff > file_.bytes_.size() || !load(file_.bytes_, header.e_phoff + i * sizeof p, p))
      return base::fail(ErrorCode::invalid, "program headers reach beyond the file");
    Bytes content;
    const bool there = p.p_filesz == 0 || slice(p.p_offset, p.p_filesz, content);
    if (p.p_type == PT_LOAD) {
      // The kernel maps whole pages and does not ask for the last one to be full; what is not there is not code.
      if (p.p_vaddr + p.p_memsz < p.p_vaddr || p.p_filesz > p.p_memsz || !there) {
        defect(fmt::format("segment at {:#x} reaches beyond the file", p.p_vaddr));
        continue;
      }
      if (p.p_memsz == 0) continue;
      file_.segments.push_back({{p.p_vaddr, p.p_vaddr + p.p_memsz},
                                p.p_offset,
                                p.p_filesz,
                                (p.p_flags & PF_R) != 0,
                                (p.p_flags & PF_W) != 0,
                                (p.p_flags & PF_X) != 0});
    } else if (!there) {
      defect(fmt::format("program header {} reaches beyond the file", i));
    } else if (p.p_type == PT_DYNAMIC) {
      dynamic_area_ = content;
    } else if (p.p_type == PT_INTERP) {
      file_.interpreter = text(content, 0);
    } else if (p.p_type == PT_GNU_EH_FRAME) {
      frame_header_ = p.p_vaddr;
    } else if (p.p_type == PT_NOTE) {
      note_areas_.push_back(content);
    } else if (p.p_type == PT_TLS && p.p_vaddr + p.p_filesz >= p.p_vaddr) {
      file_.tls = {p.p_vaddr, p.p_vaddr + p.p_filesz};
    }
  }
  for (const Segment& s : file_.segments)
    if (s.offset == 0) {
      const std::uint64_t size = header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr);
      file_.metadata.push_back({s.memory.begin, s.memory.begin + std::min(size, s.file_size)});
    }
  std::sort(file_.segments.begin(), file_.segments.end(),
            [](const Segment& a, const Segment& b) { return a.memory.begin < b.memory.begin; });
  for (std::size_t i = 1; i < file_.segments.size(); ++i)
    if (file_.segments[i].memory.begin < file_.segments[i - 1].memory.end)
      return base::fail(ErrorCode::invalid, "segments overlap");
  sections(header);
  return {};
}

// Sections only help; a file without them, or with nonsense in them, is analysed all the same.
void Parser::sections(const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return;
  std::vector<Elf64_Shdr> raw;
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr s;
    if (header.e_shoff > file_.bytes_.size() || !load(file_.bytes_, header.e_shoff + i * sizeof s, s)) return;
    raw.push_back(s);
  }
  Bytes names;
  if (header.e_shstrndx < raw.size()) {
    const Elf64_Shdr& s = raw[header.e_shstrndx];
    if (!slice(s.sh_offset, s.sh_size, names)) names = {};
  }
  for (const Elf64_Shdr& s : raw) {
    Bytes content;
    const bool there = s.sh_type == SHT_NOBITS || slice(s.sh_offset, s.sh_size, content);
    const bool loaded = (s.sh_flags & SHF_ALLOC) != 0 && s.sh_addr + s.sh_size >= s.sh_addr;
    // Kept by index, because sections refer to one another by it; what is out of bounds is kept empty.
    file_.sections.push_back({text(names, s.sh_name), there ? s.sh_type : std::uint32_t{SHT_NULL},
                              loaded ? Range{s.sh_addr, s.sh_addr + s.sh_size} : Range{}, there ? s.sh_offset : 0,
                              there ? s.sh_size : 0, s.sh_link, loaded && (s.sh_flags & SHF_EXECINSTR) != 0});
    if (there && s.sh_type == SHT_NOTE && (s.sh_flags & SHF_ALLOC) == 0) note_areas_.push_back(content);
  }
}

base::Result<File> Parser::run() {
  CALLGATE_CHECK(headers());
  dynamic();
  names();
  dynamic_symbols();
  versions();
  symbol_table();
  relocations();
  frames();
  for (const Bytes area : note_areas_) notes(area);
  return std::move(file_);
}

}  // namespace callgate::elf
