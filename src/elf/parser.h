// The parts that fill a File, each in its own source file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <elf.h>

#include "elf/file.h"

namespace callgate::elf {

class Parser {
 public:
  explicit Parser(Bytes bytes) { file_.bytes_ = bytes; }
  base::Result<File> run();

 private:
  // file.cpp
  base::Result<void> headers();
  void sections(const Elf64_Ehdr& header);
  // dynamic.cpp
  void dynamic();
  void take(const Elf64_Dyn& entry);
  void names();
  std::uint64_t count_dynamic_symbols() const;
  std::uint64_t count_by_gnu_hash() const;
  std::uint64_t count_by_relocations() const;
  void dynamic_symbols();
  void symbol_table();
  void versions();
  void definitions(std::vector<std::string_view>& names);
  void requirements(std::vector<std::string_view>& names);
  void add_symbols(Bytes table, Bytes text, std::vector<Symbol>& out);
  // relocations.cpp
  void relocations();
  std::uint32_t relocation_type(std::uint64_t info) const;
  void with_addends(Bytes table, std::string_view what);
  void relative_words(Bytes table);
  void static_ifuncs();
  // frames.cpp
  void frames();
  // notes.cpp
  void notes(Bytes bytes);

  bool slice(std::uint64_t offset, std::uint64_t size, Bytes& out) const;
  // `size` bytes at an address; what is missing is a defect under the name `what`.
  Bytes area(Address a, std::uint64_t size, std::string_view what);
  void defect(std::string text);

  template <class T>
  static bool load(Bytes b, std::uint64_t offset, T& out) {
    if (offset > b.size() || b.size() - offset < sizeof(T)) return false;
    std::memcpy(&out, b.data() + offset, sizeof(T));
    return true;
  }
  static std::string_view text(Bytes table, std::uint64_t offset);

  // What PT_DYNAMIC points to.
  struct Tables {
    std::uint64_t symtab = 0, strtab = 0, strsz = 0, hash = 0, gnu_hash = 0;
    std::uint64_t rela = 0, relasz = 0, jmprel = 0, pltrelsz = 0, relr = 0, relrsz = 0;
    std::uint64_t versym = 0, verdef = 0, verdefnum = 0, verneed = 0, verneednum = 0;
    std::uint64_t soname = 0, rpath = 0, runpath = 0;
    bool has_soname = false, has_rpath = false, has_runpath = false;
    std::vector<std::uint64_t> needed;
  };
  File file_;
  Tables tables_;
  Bytes text_;  // the dynamic string table
  Bytes dynamic_area_;
  Address frame_header_ = 0;
  std::vector<Bytes> note_areas_;
};

}  // namespace callgate::elf
