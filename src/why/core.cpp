// Layouts: elf(5), linux/elfcore.h, asm/elf.h, asm/ptrace.h, fs/binfmt_elf.c (the order of notes, NT_FILE), and
// siginfo's _sigsys in asm-generic/siginfo.h. All sizes in the file are the file's word: each is checked against it.
// SPDX-License-Identifier: Apache-2.0
#include "why/core.h"

#include <elf.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "arch/arch.h"
#include "base/text.h"

namespace callgate::why {

namespace {

constexpr std::size_t kMostSegments = 65536, kMostNoteBytes = std::size_t{16} << 20;
constexpr int kFromSeccomp = 1;  // SYS_SECCOMP

struct Layout {
  arch::Arch arch{};
  std::size_t word = 8;  // bytes of a register in the notes
  std::size_t pid, registers;
  std::size_t nr, ip;  // indices of registers
  std::array<std::size_t, 6> args;
  std::size_t call_address, call_nr, call_arch;  // in siginfo
  std::size_t ps_pid, ps_name, ps_args;          // in NT_PRPSINFO
};
constexpr Layout kX86_64{arch::Arch::x86_64, 8, 32, 112, 15, 16, {14, 13, 12, 7, 9, 8}, 16, 24, 28, 24, 40, 56};
constexpr Layout kX86{arch::Arch::x86, 4, 24, 72, 11, 12, {0, 1, 2, 3, 4, 5}, 12, 16, 20, 12, 28, 44};
constexpr Layout kAarch64{arch::Arch::aarch64, 8, 32, 112, 8, 32, {0, 1, 2, 3, 4, 5}, 16, 24, 28, 24, 40, 56};

struct Segment {
  std::uint64_t address = 0, offset = 0, bytes = 0;
};
struct Mapping {
  std::uint64_t begin = 0, end = 0, offset = 0;
  std::string path;
};

// A view that gives zero beyond its end, so that a short note reads as an empty one.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> data) : data_(data) {}
  std::uint64_t number(std::size_t at, std::size_t bytes) const {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;)
      value = value << 8U | (at + i < data_.size() ? std::to_integer<std::uint64_t>(data_[at + i]) : 0);
    return value;
  }
  std::string text(std::size_t at, std::size_t most) const {
    std::string out;
    for (std::size_t i = at; i < data_.size() && i < at + most && data_[i] != std::byte{0}; ++i)
      out += static_cast<char>(data_[i]);
    return out;
  }
  std::size_t size() const { return data_.size(); }

 private:
  std::span<const std::byte> data_;
};

struct Parsed {
  Layout layout{};
  std::vector<Segment> loads;
  std::vector<Mapping> mappings;
  CoreFile core;
  bool has_thread = false;
};

const Layout* layout_of(std::uint64_t machine, bool wide) {
  if (machine == EM_X86_64 && wide) return &kX86_64;
  if (machine == EM_386 && !wide) return &kX86;
  if (machine == EM_AARCH64 && wide) return &kAarch64;
  return nullptr;
}

void take_thread(const Bytes& note, Parsed& out) {
  if (out.has_thread) return;  // the kernel writes the one that the signal hit first
  out.has_thread = true;
  const Layout& layout = out.layout;
  const auto reg = [&](std::size_t index) { return note.number(layout.registers + index * layout.word, layout.word); };
  CoreThread& thread = out.core.thread;
  thread.id = note.number(layout.pid, 4);
  thread.address = reg(layout.ip);
  thread.call.audit = arch::info(layout.arch).audit;
  thread.call.nr = static_cast<policy::SyscallNr>(reg(layout.nr));
  for (std::size_t i = 0; i < layout.args.size(); ++i) thread.call.args[i] = reg(layout.args[i]);
  out.core.signal = static_cast<int>(note.number(12, 2));
}

void take_signal(const Bytes& note, Parsed& out) {
  if (out.core.by_filter || note.number(0, 4) != SIGSYS || note.number(8, 4) != kFromSeccomp) return;
  out.core.by_filter = true;
  out.core.datum = static_cast<std::uint16_t>(note.number(4, 4));
  out.core.nr = static_cast<policy::SyscallNr>(note.number(out.layout.call_nr, 4));
  out.core.audit = static_cast<policy::AuditArch>(note.number(out.layout.call_arch, 4));
  if (const std::uint64_t address = note.number(out.layout.call_address, out.layout.word); address != 0)
    out.core.thread.address = address;
}

// count, page size, then begin, end, offset in pages of each, then their names.
void take_mappings(const Bytes& note, Parsed& out) {
  const std::size_t word = out.layout.word;
  const std::uint64_t count = note.number(0, word), page = note.number(word, word);
  if (count > note.size() / (3 * word)) return;
  std::size_t name = 2 * word + static_cast<std::size_t>(count) * 3 * word;
  constexpr std::size_t kMostPath = 4096;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = 2 * word + i * 3 * word;
    std::string path = note.text(name, kMostPath);
    name += path.size() + 1;
    out.mappings.push_back({note.number(at, word), note.number(at + word, word),
                            note.number(at + 2 * word, word) * page, std::move(path)});
  }
}

void take_note(std::uint64_t type, const Bytes& note, Parsed& out) {
  switch (type) {
    case NT_PRSTATUS:
      return take_thread(note, out);
    case NT_SIGINFO:
      return take_signal(note, out);
    case NT_FILE:
      return take_mappings(note, out);
    case NT_PRPSINFO:
      out.core.process = note.number(out.layout.ps_pid, 4);
      out.core.program = note.text(out.layout.ps_name, 16);
      out.core.arguments = std::string(base::trim(note.text(out.layout.ps_args, 80)));
      return;
    default:
      return;
  }
}

void read_notes(const FileBytes& bytes, const Segment& segment, Parsed& out) {
  std::vector<std::byte> raw(std::min<std::uint64_t>(segment.bytes, kMostNoteBytes));
  if (raw.empty()) return;
  raw.resize(std::min(bytes(segment.offset, raw), raw.size()));
  const std::span<const std::byte> all(raw);
  const Bytes view(all);
  constexpr std::size_t kHeader = 12, kAlign = 4;
  const auto aligned = [](std::uint64_t n) { return (n + kAlign - 1) / kAlign * kAlign; };
  for (std::size_t at = 0; at + kHeader <= raw.size();) {
    const std::uint64_t name = view.number(at, 4), size = view.number(at + 4, 4), type = view.number(at + 8, 4);
    const std::uint64_t begin = at + kHeader + aligned(name);
    if (begin > raw.size() || size > raw.size() - begin) return;
    if (view.text(at + kHeader, name) == "CORE") take_note(type, Bytes(all.subspan(begin, size)), out);
    at = static_cast<std::size_t>(begin + aligned(size));
  }
}

base::Result<Parsed> parse(const FileBytes& bytes) {
  using base::ErrorCode;
  std::array<std::byte, 64> raw{};
  const std::size_t got = std::min(bytes(0, raw), raw.size());
  const Bytes head{std::span<const std::byte>(raw).first(got)};
  if (got < 52 || head.number(0, 4) != 0x464c457f || head.number(5, 1) != ELFDATA2LSB)
    return base::fail(ErrorCode::invalid, "this is no little-endian ELF file");
  const bool wide = head.number(4, 1) == ELFCLASS64;
  if (head.number(16, 2) != ET_CORE) return base::fail(ErrorCode::invalid, "this ELF file is no core file");
  const Layout* const layout = layout_of(head.number(18, 2), wide);
  if (layout == nullptr) return base::fail(ErrorCode::invalid, "core files of this machine cannot be read");
  Parsed out;
  out.layout = *layout;
  const std::uint64_t table = wide ? head.number(32, 8) : head.number(28, 4);
  const std::size_t entry = head.number(wide ? 54 : 42, 2), count = head.number(wide ? 56 : 44, 2);
  if (entry < (wide ? 56U : 32U) || count == 0 || count > kMostSegments)
    return base::fail(ErrorCode::invalid, "the core file has no segments");
  std::vector<Segment> notes;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::byte, 56> segment{};
    if (bytes(table + i * entry, std::span(segment).first(wide ? 56 : 32)) < (wide ? 56U : 32U)) break;
    const Bytes view{std::span<const std::byte>(segment)};
    const Segment found = wide ? Segment{view.number(16, 8), view.number(8, 8), view.number(32, 8)}
                               : Segment{view.number(8, 4), view.number(4, 4), view.number(16, 4)};
    const std::uint64_t type = view.number(0, 4);
    if (type == PT_LOAD) out.loads.push_back(found);
    if (type == PT_NOTE) notes.push_back(found);
  }
  for (const Segment& each : notes) read_notes(bytes, each, out);
  if (!out.has_thread) return base::fail(ErrorCode::invalid, "the core file tells of no thread");
  return out;
}

// What `size` bytes at `address` and what of them lies in [begin, begin + bytes).
std::size_t within(std::uint64_t address, std::uint64_t begin, std::uint64_t bytes, std::size_t size) {
  if (address < begin || address - begin >= bytes) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, bytes - (address - begin)));
}

bool is_elf(const FileBytes& file) {
  std::array<std::byte, 4> magic{};
  return file && file(0, magic) == magic.size() && std::memcmp(magic.data(), ELFMAG, SELFMAG) == 0;
}

}  // namespace

base::Result<CoreFile> read_core(const FileBytes& bytes) {
  CALLGATE_TRY(Parsed parsed, parse(bytes));
  return std::move(parsed.core);
}

decode::Memory core_memory(const FileBytes& bytes, const OpenMapped& mapped) {
  auto parsed = parse(bytes);
  if (!parsed) return {};
  const auto all = std::make_shared<const Parsed>(std::move(*parsed));
  return [all, bytes, mapped](std::uint64_t address, std::span<std::byte> out) -> std::size_t {
    std::size_t done = 0;
    while (done < out.size()) {
      const std::uint64_t at = address + done;
      const std::span<std::byte> rest = out.subspan(done);
      std::size_t got = 0;
      for (const Segment& each : all->loads) {
        const std::size_t there = within(at, each.address, each.bytes, rest.size());
        if (there == 0) continue;
        got = std::min(bytes(each.offset + (at - each.address), rest.first(there)), there);
        break;
      }
      for (const Mapping& each : all->mappings) {
        if (got != 0 || !mapped) break;
        const std::size_t there =
            each.end > each.begin ? within(at, each.begin, each.end - each.begin, rest.size()) : 0;
        if (there == 0) continue;
        const FileBytes file = mapped(each.path);
        if (is_elf(file)) got = std::min(file(each.offset + (at - each.begin), rest.first(there)), there);
        break;
      }
      if (got == 0) break;
      done += got;
    }
    return done;
  };
}

std::optional<Denial> from_core(const CoreFile& core, const decode::Memory& memory) {
  if (!core.by_filter) return std::nullopt;
  Denial out;
  out.call = core.thread.call;
  // int 0x80 in a 64-bit program: the number is another architecture's, and so is the order of the arguments.
  if (core.audit != out.call.audit && core.audit == arch::info(arch::Arch::x86).audit) {
    out.known = 0;
    out.call.args = {};
  }
  out.call.audit = core.audit;
  out.call.nr = core.nr;
  out.decoded = decode::decode(out.call, out.known, memory);
  out.action = policy::kKillProcess;
  out.process = core.process;
  out.thread = core.thread.id;
  out.program = core.program;
  out.address = core.thread.address;
  out.outcome = "SIGSYS, core dumped";
  return out;
}

}  // namespace callgate::why
