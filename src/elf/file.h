// A 64-bit little-endian ELF file as the loader and the analysis see it: segments, what PT_DYNAMIC says, symbols with
// versions, relocations, function ranges from unwind tables, notes. Works without section headers and uses them where
// they are there. The input is hostile: every offset is checked, every loop is bounded by the file's size, and what
// is out of bounds is left out and named in `defects`, because an analysis that misses code must not call itself
// complete. Views point into the bytes given to parse(), which must outlive the File.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace callgate::elf {

using Bytes = std::span<const std::uint8_t>;
using Address = std::uint64_t;  // a virtual address as the file states it, before the loader adds its base

struct Range {
  Address begin = 0, end = 0;  // [begin, end)
  bool contains(Address a) const { return a >= begin && a < end; }
  bool empty() const { return begin >= end; }
  bool operator==(const Range&) const = default;
};

struct Segment {
  Range memory;  // all of it; what lies behind the file's part is zero
  std::uint64_t offset = 0, file_size = 0;
  bool readable = false, writable = false, executable = false;
};

struct Section {
  std::string_view name;
  std::uint32_t type = 0;
  Range memory;
  std::uint64_t offset = 0, size = 0;
  std::uint32_t link = 0;
  bool executable = false;
};

enum class SymbolKind : std::uint8_t { none, object, function, tls, ifunc, other };

struct Symbol {
  std::string_view name;
  std::string_view version;  // empty: none asked for, or the base version
  Address value = 0;
  std::uint64_t size = 0;
  SymbolKind kind = SymbolKind::none;
  bool defined = false;
  bool weak = false;
  bool local = false;           // not seen by other modules
  bool hidden_version = false;  // found only by its exact version
  bool absolute = false;        // a number, not a place of this module
};

struct Relocation {
  Address place = 0;
  std::uint32_t type = 0;    // R_X86_64_…; another machine's that mean the same are given its numbers
  std::uint32_t symbol = 0;  // index into dynamic_symbols; 0: none
  std::int64_t addend = 0;   // for RELR read from the place itself
};

// One unwind entry: a function, or a part of one.
struct Frame {
  Range code;
  bool signal = false;    // of a signal trampoline: may begin one byte early, so that a return address there is found
  bool handlers = false;  // exceptions enter it in its middle
};

struct Dynamic {
  bool present = false;
  std::vector<std::string_view> needed;
  std::string_view soname, rpath, runpath;
  Address init = 0, fini = 0;  // 0: none
  Address offset_table = 0;    // DT_PLTGOT
  Range init_array, fini_array, preinit_array;
  bool symbolic = false;  // looks up its own symbols in itself first
};

class File {
 public:
  // Errors: invalid for what is no ELF file that a kernel or loader would take, unsupported for another class of
  // machine than 64-bit little-endian.
  static base::Result<File> parse(Bytes bytes);

  Bytes bytes() const { return bytes_; }
  // From `a` to the end of the segment's part in the file; empty where nothing is.
  Bytes at(Address a) const;
  const Segment* segment_of(Address a) const;
  bool is_code(Address a) const {
    const Segment* s = segment_of(a);
    return s != nullptr && s->executable;
  }
  // The little-endian number at `a`, 0 and false where it is not in the file.
  template <class T>
  bool read(Address a, T& out) const {
    const Bytes b = at(a);
    if (b.size() < sizeof(T)) return false;
    std::memcpy(&out, b.data(), sizeof(T));
    return true;
  }
  // The zero-terminated text at `a`; empty where there is none.
  std::string_view text_at(Address a) const;

  std::uint16_t machine = 0;        // EM_…
  bool position_dependent = false;  // ET_EXEC: addresses are final, so pointers need no relocation
  Address entry = 0;
  std::string_view interpreter;   // PT_INTERP; empty for a library and a static program
  std::vector<Segment> segments;  // PT_LOAD by address
  std::vector<Section> sections;  // empty in a stripped-of-headers file
  Dynamic dynamic;
  std::vector<Symbol> dynamic_symbols;  // by index; [0] is the null symbol
  std::vector<Symbol> symbols;          // .symtab, where it is there
  std::vector<Relocation> relocations;
  std::vector<Frame> frames;           // by address
  std::vector<Address> personalities;  // exception handlers that unwind tables name directly
  std::vector<Range> metadata;  // headers, symbols, relocations: full of addresses, none of them the program's data
  Range tls;                    // the initial image of thread-local variables
  std::string build_id;         // hexadecimal; empty: none
  std::vector<std::string_view> dlopen_notes;  // JSON texts of .note.dlopen
  std::vector<std::string> defects;            // what was left out, and why

 private:
  Bytes bytes_;
  friend class Parser;
};

// Relocation types that the analysis tells apart (x86-64 psABI).
inline constexpr std::uint32_t kAbs64 = 1, kCopy = 5, kGlobDat = 6, kJumpSlot = 7, kRelative = 8, kModule64 = 16,
                               kModuleOffset64 = 17, kThreadOffset64 = 18, kTlsDescriptor = 36, kIRelative = 37;

}  // namespace callgate::elf
