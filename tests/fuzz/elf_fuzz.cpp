// Bytes as an ELF file: read or refused, and nothing that the reader gives points outside of them.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "elf/file.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::string_view text, elf::Bytes all) {
  const auto* const begin = reinterpret_cast<const char*>(all.data());
  return text.empty() || (text.data() >= begin && text.data() + text.size() <= begin + all.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const elf::Bytes all(data, size);
  const auto file = elf::File::parse(all);
  if (!file) {
    require(!file.error().message.empty());
    return 0;
  }
  for (const elf::Segment& s : file->segments) {
    // One that is nothing but zeros in memory may lie anywhere.
    require((s.file_size == 0 || s.offset + s.file_size <= size) && s.memory.begin < s.memory.end);
    require(file->at(s.memory.begin).size() == s.file_size && file->segment_of(s.memory.begin) == &s);
    require(inside(file->text_at(s.memory.begin), all));
  }
  require(inside(file->interpreter, all) && inside(file->dynamic.soname, all) && inside(file->dynamic.rpath, all));
  for (const std::string_view each : file->dynamic.needed) require(inside(each, all));
  for (const auto* table : {&file->dynamic_symbols, &file->symbols})
    for (const elf::Symbol& s : *table) require(inside(s.name, all) && inside(s.version, all));
  for (const elf::Relocation& r : file->relocations) require(r.symbol == 0 || r.symbol < file->dynamic_symbols.size());
  for (const elf::Frame& f : file->frames) require(f.code.begin < f.code.end && file->is_code(f.code.begin));
  return 0;
}
