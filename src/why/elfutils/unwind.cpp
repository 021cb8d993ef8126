// Backtraces by elfutils' libdw: from frame information (.eh_frame, or debug files found by build id), names from
// symbol tables, also of the small ones that stripped programs carry. Nothing is fetched from anywhere.
// SPDX-License-Identifier: Apache-2.0

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/io.h"
#include "why/unwind.h"

namespace callgate::why {

namespace {

// Build ids alone: libdw's standard search would ask servers for debug files.
const Dwfl_Callbacks kLive{dwfl_linux_proc_find_elf, dwfl_build_id_find_debuginfo, nullptr, nullptr};
const Dwfl_Callbacks kCore{dwfl_build_id_find_elf, dwfl_build_id_find_debuginfo, nullptr, nullptr};

struct End {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};
using Session = std::unique_ptr<Dwfl, End>;

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                          std::free);
  return status == 0 && plain ? std::string(plain.get()) : std::string(name);
}

Frame describe(Dwfl* dwfl, Dwarf_Addr address, bool activation) {
  Frame out;
  out.address = out.offset = address;
  // A return address may stand behind the last instruction of its function.
  const Dwarf_Addr inside = activation ? address : address - 1;
  Dwfl_Module* const module = dwfl_addrmodule(dwfl, inside);
  if (module == nullptr) return out;
  Dwarf_Addr begin = 0;
  const char* path = nullptr;
  const char* const name = dwfl_module_info(module, nullptr, &begin, nullptr, nullptr, nullptr, &path, nullptr);
  out.library = path != nullptr ? path : name != nullptr ? name : "";
  out.offset = address - begin;
  GElf_Off offset = 0;
  GElf_Sym symbol{};
  if (const char* const function = dwfl_module_addrinfo(module, inside, &offset, &symbol, nullptr, nullptr, nullptr)) {
    out.function = demangled(function);
    out.offset = offset + (address - inside);
  }
  if (Dwfl_Line* const line = dwfl_module_getsrc(module, inside)) {
    int number = 0;
    if (const char* const file = dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr))
      out.source = fmt::format("{}:{}", file, number);
  }
  return out;
}

struct Walk {
  Dwfl* dwfl;
  std::vector<Frame> frames;
};

int on_frame(Dwfl_Frame* state, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  Dwarf_Addr address = 0;
  bool activation = false;
  if (!dwfl_frame_pc(state, &address, &activation) || address == 0) return DWARF_CB_ABORT;
  walk.frames.push_back(describe(walk.dwfl, address, activation));
  return walk.frames.size() < kMostFrames ? DWARF_CB_OK : DWARF_CB_ABORT;
}

std::vector<Frame> frames_of(Dwfl* dwfl, pid_t thread) {
  Walk walk{dwfl, {}};
  dwfl_getthread_frames(dwfl, thread, on_frame, &walk);  // an error comes after what was found
  return std::move(walk.frames);
}

std::vector<Frame> live(int process, int thread) {
  const Session dwfl(dwfl_begin(&kLive));
  if (!dwfl || dwfl_linux_proc_report(dwfl.get(), process) != 0 || dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0 ||
      dwfl_linux_proc_attach(dwfl.get(), process, true) != 0)
    return {};
  return frames_of(dwfl.get(), thread);
}

std::vector<Frame> core(const std::string& path, std::uint64_t thread) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || elf_version(EV_CURRENT) == EV_NONE) return {};
  const std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr), elf_end);
  const Session dwfl(dwfl_begin(&kCore));
  if (!elf || !dwfl || dwfl_core_file_report(dwfl.get(), elf.get(), nullptr) < 0 ||
      dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0 || dwfl_core_file_attach(dwfl.get(), elf.get()) < 0)
    return {};
  return frames_of(dwfl.get(), static_cast<pid_t>(thread));
}

constexpr Unwinder kElfutils{live, core};

}  // namespace

const Unwinder& elfutils() {
  return kElfutils;
}

}  // namespace callgate::why
