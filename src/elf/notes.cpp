// Notes: the build id, and which libraries a program says that it may open later (.note.dlopen).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "elf/parser.h"

namespace callgate::elf {

namespace {

constexpr std::uint32_t kDlopenNote = 0x407c0c0a;

}  // namespace

void Parser::notes(Bytes bytes) {
  Elf64_Nhdr n;
  std::uint64_t at = 0;
  while (load(bytes, at, n)) {
    const std::uint64_t name_at = at + sizeof n;
    const std::uint64_t content_at = name_at + (std::uint64_t{n.n_namesz} + 3) / 4 * 4;
    if (content_at > bytes.size() || n.n_descsz > bytes.size() - content_at) return;
    const std::string_view name = text(bytes, name_at);
    const Bytes content = bytes.subspan(content_at, n.n_descsz);
    if (name == "GNU" && n.n_type == NT_GNU_BUILD_ID && content.size() <= 64 && file_.build_id.empty())
      for (const std::uint8_t byte : content) file_.build_id += fmt::format("{:02x}", byte);
    if (name == "FDO" && n.n_type == kDlopenNote) file_.dlopen_notes.push_back(text(content, 0));
    at = content_at + (std::uint64_t{n.n_descsz} + 3) / 4 * 4;
  }
}

}  // namespace callgate::elf
