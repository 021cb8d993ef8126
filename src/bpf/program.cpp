// The layout of programs and of the data they read, in the byte order of the machine a program is meant for.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/program.h"

#include <fmt/format.h>

#include <cstring>

#include "bpf/diagnostic_ids.h"

namespace callgate::bpf {

static_assert(sizeof(SeccompData) == kDataBytes);

std::uint32_t load_word(const SeccompData& data, std::uint32_t offset) {
  if (offset == kOffsetNr) return data.nr;
  if (offset == kOffsetArch) return data.arch;
  constexpr std::uint32_t kAuditArchLittleEndian = 0x40000000;  // __AUDIT_ARCH_LE
  const bool little_endian = (data.arch & kAuditArchLittleEndian) != 0;
  const std::uint64_t whole = offset < kOffsetArgs ? data.instruction_pointer : data.args[(offset - kOffsetArgs) / 8];
  const bool first_word = offset % 8 == 0;
  return static_cast<std::uint32_t>(first_word == little_endian ? whole : whole >> 32);
}

namespace {
Insn swapped(Insn insn) {
  insn.code = static_cast<std::uint16_t>((insn.code >> 8) | (insn.code << 8));
  insn.k = __builtin_bswap32(insn.k);
  return insn;
}
}  // namespace

std::optional<Program> from_bytes(const base::SourceFile& file, bool swap_bytes, base::Diagnostics& diagnostics) {
  const std::string_view text = file.text();
  constexpr std::uint32_t kInsnBytes = sizeof(Insn);
  const auto size = static_cast<std::uint32_t>(text.size());
  if (text.empty()) {
    diagnostics.add(kEmptyFilter, {&file, 0, 0}, "the filter has no instructions",
                    "a filter file holds one 8-byte struct sock_filter an instruction");
    return std::nullopt;
  }
  if (text.size() % sizeof(Insn) != 0) {
    diagnostics.add(kOddLength, {&file, size / kInsnBytes * kInsnBytes, size},
                    fmt::format("the filter has {} bytes, which is not a multiple of {}", size, sizeof(Insn)),
                    "a filter file holds one 8-byte struct sock_filter an instruction; this one is cut short or is "
                    "something else");
    return std::nullopt;
  }
  if (text.size() / sizeof(Insn) > kMaxInsns) {
    diagnostics.add(kTooLong, {&file, kMaxInsns * kInsnBytes, size},
                    fmt::format("the filter has {} instructions; the kernel takes {} (BPF_MAXINSNS)",
                                text.size() / sizeof(Insn), kMaxInsns));
    return std::nullopt;
  }
  Program program(text.size() / sizeof(Insn));
  std::memcpy(program.data(), text.data(), text.size());
  if (swap_bytes) {
    for (Insn& insn : program) insn = swapped(insn);
  }
  return program;
}

std::string to_bytes(std::span<const Insn> program, bool swap_bytes) {
  std::string bytes(program.size_bytes(), '\0');
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Insn insn = swap_bytes ? swapped(program[i]) : program[i];
    std::memcpy(bytes.data() + i * sizeof(Insn), &insn, sizeof(Insn));
  }
  return bytes;
}

}  // namespace callgate::bpf
