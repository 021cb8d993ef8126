// PT_DYNAMIC: what the loader reads. Symbols are counted by the hash tables, as the loader has no other count.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "elf/parser.h"

namespace callgate::elf {

namespace {

SymbolKind kind_of(unsigned char info) {
  switch (ELF64_ST_TYPE(info)) {
    case STT_NOTYPE:
      return SymbolKind::none;
    case STT_OBJECT:
      return SymbolKind::object;
    case STT_FUNC:
      return SymbolKind::function;
    case STT_TLS:
      return SymbolKind::tls;
    case STT_GNU_IFUNC:
      return SymbolKind::ifunc;
    default:
      return SymbolKind::other;
  }
}

Range range_of(Address begin, std::uint64_t size) {
  return begin + size < begin ? Range{} : Range{begin, begin + size};
}

}  // namespace

void Parser::take(const Elf64_Dyn& entry) {
  const std::uint64_t value = entry.d_un.d_val;
  Dynamic& d = file_.dynamic;
  const auto array = [&](Range& range, bool size) {
    range = size ? range_of(range.begin, value) : range_of(value, range.end - range.begin);
  };
  switch (entry.d_tag) {
    case DT_NEEDED:
      tables_.needed.push_back(value);
      break;
    case DT_SONAME:
      tables_.soname = value, tables_.has_soname = true;
      break;
    case DT_RPATH:
      tables_.rpath = value, tables_.has_rpath = true;
      break;
    case DT_RUNPATH:
      tables_.runpath = value, tables_.has_runpath = true;
      break;
    case DT_SYMTAB:
      tables_.symtab = value;
      break;
    case DT_STRTAB:
      tables_.strtab = value;
      break;
    case DT_STRSZ:
      tables_.strsz = value;
      break;
    case DT_HASH:
      tables_.hash = value;
      break;
    case DT_GNU_HASH:
      tables_.gnu_hash = value;
      break;
    case DT_RELA:
      tables_.rela = value;
      break;
    case DT_RELASZ:
      tables_.relasz = value;
      break;
    case DT_JMPREL:
      tables_.jmprel = value;
      break;
    case DT_PLTRELSZ:
      tables_.pltrelsz = value;
      break;
    case DT_RELR:
      tables_.relr = value;
      break;
    case DT_RELRSZ:
      tables_.relrsz = value;
      break;
    case DT_VERSYM:
      tables_.versym = value;
      break;
    case DT_VERDEF:
      tables_.verdef = value;
      break;
    case DT_VERDEFNUM:
      tables_.verdefnum = value;
      break;
    case DT_VERNEED:
      tables_.verneed = value;
      break;
    case DT_VERNEEDNUM:
      tables_.verneednum = value;
      break;
    case DT_INIT:
      d.init = value;
      break;
    case DT_FINI:
      d.fini = value;
      break;
    case DT_PLTGOT:
      d.offset_table = value;
      break;
    case DT_INIT_ARRAY:
      array(d.init_array, false);
      break;
    case DT_INIT_ARRAYSZ:
      array(d.init_array, true);
      break;
    case DT_FINI_ARRAY:
      array(d.fini_array, false);
      break;
    case DT_FINI_ARRAYSZ:
      array(d.fini_array, true);
      break;
    case DT_PREINIT_ARRAY:
      array(d.preinit_array, false);
      break;
    case DT_PREINIT_ARRAYSZ:
      array(d.preinit_array, true);
      break;
    case DT_SYMBOLIC:
      d.symbolic = true;
      break;
    case DT_FLAGS:
      d.symbolic = d.symbolic || (value & DF_SYMBOLIC) != 0;
      break;
    default:
      break;
  }
}

void Parser::dynamic() {
  Elf64_Dyn entry;
  for (std::uint64_t at = 0; load(dynamic_area_, at, entry) && entry.d_tag != DT_NULL; at += sizeof entry) {
    file_.dynamic.present = true;
    take(entry);
  }
}

void Parser::names() {
  text_ = area(tables_.strtab, tables_.strsz, "the dynamic string table");
  Dynamic& d = file_.dynamic;
  for (const std::uint64_t each : tables_.needed) {
    const std::string_view name = text(text_, each);
    if (name.empty())
      defect("a needed library has no name");
    else
      d.needed.push_back(name);
  }
  if (tables_.has_soname) d.soname = text(text_, tables_.soname);
  if (tables_.has_rpath) d.rpath = text(text_, tables_.rpath);
  if (tables_.has_runpath) d.runpath = text(text_, tables_.runpath);
}

// The greatest index in any chain, plus one. Symbols before `first` are not hashed (undefined ones).
std::uint64_t Parser::count_by_gnu_hash() const {
  struct {
    std::uint32_t buckets, first, bloom_words, shift;
  } head{};
  const Bytes table = file_.at(tables_.gnu_hash);
  if (!load(table, 0, head)) return 0;
  const std::uint64_t buckets = sizeof head + std::uint64_t{head.bloom_words} * 8;
  const std::uint64_t chains = buckets + std::uint64_t{head.buckets} * 4;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < head.buckets; ++i) {
    std::uint32_t start = 0;
    if (!load(table, buckets + i * 4, start)) return 0;
    last = std::max<std::uint64_t>(last, start);
  }
  if (last < head.first) return head.first;
  for (std::uint32_t hash = 0; load(table, chains + (last - head.first) * 4, hash); ++last)
    if ((hash & 1U) != 0) return last + 1;
  return 0;
}

// A program that defines nothing has no hashed symbol; those that it needs are named by relocations alone.
std::uint64_t Parser::count_by_relocations() const {
  std::uint64_t count = 0;
  for (const auto& [place, size] :
       {std::pair(tables_.rela, tables_.relasz), std::pair(tables_.jmprel, tables_.pltrelsz)}) {
    const Bytes there = file_.at(place);
    const Bytes table = there.first(std::min<std::uint64_t>(there.size(), size));
    Elf64_Rela r;
    for (std::uint64_t at = 0; load(table, at, r); at += sizeof r)
      count = std::max<std::uint64_t>(count, ELF64_R_SYM(r.r_info) + 1);
  }
  return count;
}

std::uint64_t Parser::count_dynamic_symbols() const {
  struct {
    std::uint32_t buckets, chains;
  } head{};
  if (tables_.hash != 0 && load(file_.at(tables_.hash), 0, head)) return head.chains;
  if (tables_.gnu_hash != 0)
    if (const std::uint64_t count = count_by_gnu_hash(); count != 0) return count;
  for (const Section& s : file_.sections)
    if (s.type == SHT_DYNSYM) return s.size / sizeof(Elf64_Sym);
  // Linkers put the string table right behind the symbols.
  return tables_.strtab > tables_.symtab ? (tables_.strtab - tables_.symtab) / sizeof(Elf64_Sym) : 0;
}

void Parser::add_symbols(Bytes table, Bytes text_table, std::vector<Symbol>& out) {
  Elf64_Sym s;
  out.reserve(table.size() / sizeof s);
  for (std::uint64_t at = 0; load(table, at, s); at += sizeof s) {
    Symbol symbol;
    symbol.name = text(text_table, s.st_name);
    symbol.value = s.st_value;
    symbol.size = s.st_size;
    symbol.kind = kind_of(s.st_info);
    symbol.defined = s.st_shndx != SHN_UNDEF;
    symbol.absolute = s.st_shndx == SHN_ABS;
    symbol.weak = ELF64_ST_BIND(s.st_info) == STB_WEAK;
    const unsigned visibility = ELF64_ST_VISIBILITY(s.st_other);
    symbol.local = ELF64_ST_BIND(s.st_info) == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL;
    out.push_back(symbol);
  }
}

void Parser::dynamic_symbols() {
  if (tables_.symtab == 0) return;
  const std::uint64_t count = std::max(count_dynamic_symbols(), count_by_relocations());
  if (count > file_.bytes_.size() / sizeof(Elf64_Sym)) {
    defect(fmt::format("{} dynamic symbols do not fit the file", count));
    return;
  }
  add_symbols(area(tables_.symtab, count * sizeof(Elf64_Sym), "the dynamic symbol table"), text_,
              file_.dynamic_symbols);
  for (const auto& [place, size] :
       {std::pair(tables_.symtab, count * sizeof(Elf64_Sym)), std::pair(tables_.rela, tables_.relasz),
        std::pair(tables_.jmprel, tables_.pltrelsz)})
    if (place + size > place && size <= file_.bytes_.size()) file_.metadata.push_back({place, place + size});
}

void Parser::symbol_table() {
  for (const Section& s : file_.sections) {
    Bytes table, names;
    if (s.type != SHT_SYMTAB || !slice(s.offset, s.size, table) || s.link >= file_.sections.size()) continue;
    const Section& strings = file_.sections[s.link];
    if (slice(strings.offset, strings.size, names)) add_symbols(table, names, file_.symbols);
    // Mapping symbols say where code and data begin, and name nothing.
    if (file_.machine == EM_AARCH64)
      std::erase_if(file_.symbols,
                    [](const Symbol& each) { return each.name.starts_with("$x") || each.name.starts_with("$d"); });
    return;
  }
}

namespace {

// An index that two records claim keeps its first name, as the loader finds it.
void name_version(std::vector<std::string_view>& names, std::size_t index, std::string_view name) {
  if (index >= names.size()) names.resize(index + 1);
  if (names[index].empty()) names[index] = name;
}

}  // namespace

void Parser::definitions(std::vector<std::string_view>& names) {
  const Bytes table = file_.at(tables_.verdef);
  std::uint64_t at = 0;
  Elf64_Verdef d;
  for (std::uint64_t i = 0; i < tables_.verdefnum && load(table, at, d); ++i) {
    Elf64_Verdaux aux;
    if (load(table, at + d.vd_aux, aux) && (d.vd_flags & VER_FLG_BASE) == 0)
      name_version(names, d.vd_ndx & 0x7fffU, text(text_, aux.vda_name));
    if (d.vd_next == 0) break;
    at += d.vd_next;
  }
}

void Parser::requirements(std::vector<std::string_view>& names) {
  const Bytes table = file_.at(tables_.verneed);
  std::uint64_t at = 0;
  std::size_t budget = table.size() / sizeof(Elf64_Vernaux) + 1;  // hostile links may lead backwards or in circles
  Elf64_Verneed n;
  for (std::uint64_t i = 0; i < tables_.verneednum && load(table, at, n); ++i) {
    std::uint64_t aux_at = at + n.vn_aux;
    Elf64_Vernaux aux;
    for (unsigned j = 0; j < n.vn_cnt && load(table, aux_at, aux); ++j) {
      if (budget-- == 0) return;
      name_version(names, aux.vna_other & 0x7fffU, text(text_, aux.vna_name));
      if (aux.vna_next == 0) break;
      aux_at += aux.vna_next;
    }
    if (n.vn_next == 0) break;
    at += n.vn_next;
  }
}

void Parser::versions() {
  if (tables_.versym == 0 || file_.dynamic_symbols.empty()) return;
  std::vector<std::string_view> names;
  definitions(names);
  requirements(names);
  const Bytes indexes = area(tables_.versym, file_.dynamic_symbols.size() * 2, "the version table");
  for (std::size_t i = 0; i < file_.dynamic_symbols.size(); ++i) {
    std::uint16_t index = 0;
    if (!load(indexes, i * 2, index)) return;
    Symbol& symbol = file_.dynamic_symbols[i];
    symbol.hidden_version = (index & 0x8000U) != 0;
    index &= 0x7fffU;
    if (index == 0) symbol.local = symbol.local || symbol.defined;
    if (index >= 2 && index < names.size()) symbol.version = names[index];
  }
}

}  // namespace callgate::elf
