// Relocations: RELA, the PLT's, RELR, and the IFUNC relocations of a static program, which no dynamic entry names.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "elf/parser.h"

namespace callgate::elf {

// R_AARCH64_… as the types of x86-64 that mean the same; others keep their numbers, which are 257 and more.
std::uint32_t Parser::relocation_type(std::uint64_t info) const {
  const auto type = static_cast<std::uint32_t>(ELF64_R_TYPE(info));
  if (file_.machine != EM_AARCH64) return type;
  switch (type) {
    case R_AARCH64_NONE:
    case 256:  // R_AARCH64_NULL, which was none
      return 0;
    case R_AARCH64_ABS64:
      return kAbs64;
    case R_AARCH64_COPY:
      return kCopy;
    case R_AARCH64_GLOB_DAT:
      return kGlobDat;
    case R_AARCH64_JUMP_SLOT:
      return kJumpSlot;
    case R_AARCH64_RELATIVE:
      return kRelative;
    case R_AARCH64_TLS_DTPMOD:
      return kModule64;
    case R_AARCH64_TLS_DTPREL:
      return kModuleOffset64;
    case R_AARCH64_TLS_TPREL:
      return kThreadOffset64;
    case R_AARCH64_TLSDESC:
      return kTlsDescriptor;
    case R_AARCH64_IRELATIVE:
      return kIRelative;
    default:
      // Not to be taken for one of x86-64's, which end at 42.
      return type < 256 ? type + 0x10000 : type;
  }
}

void Parser::with_addends(Bytes table, std::string_view what) {
  Elf64_Rela r;
  for (std::uint64_t at = 0; load(table, at, r); at += sizeof r) {
    const auto symbol = static_cast<std::uint32_t>(ELF64_R_SYM(r.r_info));
    if (symbol != 0 && symbol >= file_.dynamic_symbols.size()) {
      defect(fmt::format("a relocation of {} names symbol {}, which is not there", what, symbol));
      continue;
    }
    file_.relocations.push_back({r.r_offset, relocation_type(r.r_info), symbol, r.r_addend});
  }
}

// An even word is an address to relocate; an odd one is a bitmap of the 63 words that follow.
void Parser::relative_words(Bytes table) {
  std::uint64_t word = 0, place = 0;
  std::size_t budget = file_.bytes_.size() / 8;  // each relocated word stands in the file once
  const auto add = [&](Address a) {
    std::int64_t addend = 0;
    if (!file_.read(a, addend)) return defect(fmt::format("a relative relocation at {:#x} is outside", a));
    if (budget == 0) return;
    --budget;
    file_.relocations.push_back({a, kRelative, 0, addend});
  };
  for (std::uint64_t at = 0; load(table, at, word) && budget != 0; at += 8) {
    if ((word & 1U) == 0) {
      add(word);
      place = word + 8;
      continue;
    }
    for (unsigned bit = 1; bit < 64; ++bit)
      if ((word >> bit & 1U) != 0) add(place + (bit - 1) * 8ULL);
    place += std::uint64_t{63} * 8;
  }
  if (budget == 0) defect("more relative relocations than words");
}

// Without PT_DYNAMIC the start-up code walks from __rela_iplt_start to __rela_iplt_end, addresses known to the linker
// alone. The records are looked for by their form: RELA of type IRELATIVE from writable data to code.
void Parser::static_ifuncs() {
  for (const Segment& s : file_.segments) {
    if (s.executable) continue;
    const Bytes b = file_.at(s.memory.begin);
    Elf64_Rela r;
    for (std::uint64_t at = 0; load(b, at, r); at += 8) {
      if (r.r_info != (file_.machine == EM_AARCH64 ? std::uint64_t{R_AARCH64_IRELATIVE} : kIRelative) ||
          !file_.is_code(static_cast<Address>(r.r_addend)))
        continue;
      const Segment* const target = file_.segment_of(r.r_offset);
      if (target != nullptr && target->writable) file_.relocations.push_back({r.r_offset, kIRelative, 0, r.r_addend});
    }
  }
}

void Parser::relocations() {
  with_addends(area(tables_.rela, tables_.relasz, "the relocation table"), "the relocation table");
  with_addends(area(tables_.jmprel, tables_.pltrelsz, "the PLT's relocation table"), "the PLT");
  relative_words(area(tables_.relr, tables_.relrsz, "the relative relocation table"));
  if (!file_.dynamic.present) static_ifuncs();
}

}  // namespace callgate::elf
