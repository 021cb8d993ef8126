// SPDX-License-Identifier: Apache-2.0
#include "scan/process.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/io.h"

namespace callgate::scan {

namespace {

struct Area {
  Address begin = 0, end = 0;
};

// Threads are stopped as long as this lives.
class Stopped {
 public:
  Stopped() = default;
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() {
    // A signal that was about to be delivered goes on its way.
    for (const auto& [t, signal] : threads_)
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's interface
      ptrace(PTRACE_DETACH, t, nullptr, reinterpret_cast<void*>(std::intptr_t{signal}));
  }

  // Again and again, until no new one is there.
  base::Result<void> stop(std::int64_t pid) {
    for (bool more = true; more;) {
      more = false;
      std::error_code error;
      for (const auto& each : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
        const auto tid = static_cast<pid_t>(std::strtol(each.path().filename().c_str(), nullptr, 10));
        if (threads_.contains(tid)) continue;
        if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
          if (errno == ESRCH) continue;
          return base::fail(base::ErrorCode::unsupported, fmt::format("ptrace: {}", base::errno_text(errno)), errno);
        }
        int& signal = threads_[tid];
        more = true;
        int status = 0;
        if (ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) == 0) waitpid(tid, &status, __WALL);
        if (WIFSTOPPED(status) && status >> 16 == 0) signal = WSTOPSIG(status);
      }
      if (error) return base::fail(base::ErrorCode::io, fmt::format("no process {}: {}", pid, error.message()));
    }
    return {};
  }

  // All general and vector registers that the kernel gives, as they stand there.
  std::vector<std::uint64_t> registers() const {
    std::vector<std::uint64_t> out;
    for (const auto& [t, signal] : threads_)
      for (const int set : {NT_PRSTATUS, NT_PRFPREG}) {
        std::array<std::uint64_t, 512> words{};
        iovec into{words.data(), sizeof words};
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's interface
        if (ptrace(PTRACE_GETREGSET, t, reinterpret_cast<void*>(std::intptr_t{set}), &into) == 0)
          out.insert(out.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(into.iov_len / 8));
      }
    return out;
  }

 private:
  std::map<pid_t, int> threads_;  // each with a signal that it was stopped for
};

struct Maps {
  std::vector<Area> writable;
};

base::Result<Maps> read_maps(Process& process) {
  std::ifstream file(fmt::format("/proc/{}/maps", process.pid));
  if (!file) return base::fail(base::ErrorCode::io, fmt::format("no process {}", process.pid));
  Maps out;
  for (std::string line; std::getline(file, line);) {
    std::uint64_t begin = 0, end = 0, offset = 0;
    std::array<char, 5> rights{};
    int used = 0;
    // NOLINTNEXTLINE(cert-err34-c): the kernel writes these lines
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %*s %n", &begin, &end, rights.data(), &offset, &used) < 4)
      continue;
    std::string path = line.substr(std::min<std::size_t>(static_cast<std::size_t>(used), line.size()));
    if (rights[0] == 'r' && rights[1] == 'w') out.writable.push_back({begin, end});
    if (rights[2] != 'x' || path == "[vdso]" || path == "[vsyscall]" || path == "[uprobes]") continue;
    if (path.starts_with('/') && !path.ends_with(" (deleted)") && rights[1] != 'w')
      process.code.push_back({begin, end, offset, std::move(path)});
    else
      process.unknown.push_back(path.empty() ? "memory without a file" : path);
  }
  return out;
}

// The second half of AT_RANDOM's bytes is glibc's pointer guard.
std::uint64_t pointer_guard(std::int64_t pid, int memory) {
  std::ifstream file(fmt::format("/proc/{}/auxv", pid), std::ios::binary);
  std::array<std::uint64_t, 2> entry{};
  constexpr std::uint64_t kRandom = 25;
  while (file.read(reinterpret_cast<char*>(entry.data()), sizeof entry)) {
    std::uint64_t guard = 0;
    if (entry[0] == kRandom && pread(memory, &guard, 8, static_cast<off_t>(entry[1] + 8)) == 8) return guard;
  }
  return 0;
}

class Words {
 public:
  Words(Process& process, std::uint64_t guard) : process_(process), guard_(guard) {
    for (const auto& m : process.code) low_ = std::min(low_, m.begin), high_ = std::max(high_, m.end);
  }
  void take(std::uint64_t word) {
    plain(word);
    plain((word >> 17U | word << 47U) ^ guard_);  // PTR_DEMANGLE of x86-64
    plain(word ^ guard_);                         // and of aarch64
  }

 private:
  void plain(std::uint64_t word) {
    if (word < low_ || word >= high_) return;
    for (const auto& m : process_.code)
      if (word >= m.begin && word < m.end) return process_.words.push_back(word);
  }
  Process& process_;
  std::uint64_t guard_, low_ = ~std::uint64_t{0}, high_ = 0;
};

}  // namespace

base::Result<Process> read_process(std::int64_t pid) {
  Process out;
  out.pid = pid;
  Stopped stopped;
  CALLGATE_CHECK(stopped.stop(pid));
  CALLGATE_TRY(const Maps maps, read_maps(out));
  const base::UniqueFd memory(open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) return base::fail(base::ErrorCode::io, fmt::format("its memory: {}", base::errno_text(errno)), errno);
  Words words(out, pointer_guard(pid, memory.get()));
  for (const std::uint64_t word : stopped.registers()) words.take(word);
  std::vector<std::uint64_t> part(std::size_t{1} << 17U);
  for (const Area& area : maps.writable)
    for (Address at = area.begin; at < area.end;) {
      const ssize_t n = pread(memory.get(), part.data(), std::min<std::uint64_t>(part.size() * 8, area.end - at),
                              static_cast<off_t>(at));
      if (n < 8) {
        // Of a device, or beyond the end of a file that has become shorter.
        at += 4096;
        continue;
      }
      for (std::size_t i = 0; i < static_cast<std::size_t>(n) / 8; ++i) words.take(part[i]);
      at += static_cast<Address>(n) & ~Address{7};
    }
  std::sort(out.words.begin(), out.words.end());
  out.words.erase(std::unique(out.words.begin(), out.words.end()), out.words.end());
  return out;
}

std::vector<std::uint32_t> add_mapped(Library& library, Program& program, const Process& process,
                                      std::vector<std::string>& opened) {
  constexpr std::uint32_t kNone = 0xffffffff;
  std::vector<std::uint32_t> out;
  const auto find = [&](const Module& m) {
    const auto at =
        std::find_if(program.modules.begin(), program.modules.end(),
                     [bytes = std::string_view(m.bytes)](const auto& each) { return each->bytes == bytes; });
    return at == program.modules.end() ? kNone : static_cast<std::uint32_t>(at - program.modules.begin());
  };
  const std::size_t from_loader = program.modules.size();
  program.missing.clear();  // what it has is there
  for (const auto& mapping : process.code) {
    const auto module = library.module(mapping.path);
    std::uint32_t found = module ? find(**module) : kNone;
    if (module && found == kNone && add_library(library, program, mapping.path, program.path)) {
      found = find(**module);
      opened.push_back(mapping.path);
    }
    if (found == kNone)
      program.missing.push_back({mapping.path, program.path, "mapped, and cannot be read as a library"});
    out.push_back(found);
  }
  for (std::size_t m = 0; m < program.modules.size(); ++m)
    if (std::find(out.begin(), out.end(), static_cast<std::uint32_t>(m)) == out.end())
      program.missing.push_back({program.modules[m]->path, program.path,
                                 m < from_loader ? "the process has another in its place" : "needed, and not mapped"});
  return out;
}

Standing in_process(const Life& life, const Process& process, const std::vector<std::uint32_t>& modules) {
  const Link& link = life.link;
  Standing main = at_main(life);
  Standing out;
  if (main.unknown.empty()) out.spent = std::move(main.spent), out.emptied = std::move(main.emptied);
  // The C library keeps main's address where it called it from. Whoever else has it has formed it.
  const auto is_main = [&](Place p) {
    return main.unknown.empty() && p.module == main.entered.front().module && p.address == main.entered.front().address;
  };
  for (const std::uint64_t word : process.words)
    for (std::size_t i = 0; i < process.code.size(); ++i) {
      const auto& mapping = process.code[i];
      if (word < mapping.begin || word >= mapping.end || modules[i] >= link.module_count()) continue;
      const std::uint64_t offset = word - mapping.begin + mapping.offset;
      for (const elf::Segment& s : link.module(modules[i]).file.segments) {
        if (!s.executable || offset < s.offset || offset - s.offset >= s.file_size) continue;
        const Place place{modules[i], s.memory.begin + (offset - s.offset)};
        const auto n = link.node_at(place);
        if (!n) continue;
        // Constants among hand-written code, to which nothing but data points.
        const Function& f = link.function(*n);
        if (f.undecodable && !f.framed && !life.reach.contains(*n)) continue;
        if (f.code.begin == place.address) {
          // Where the kernel enters is kept by the loader, and no function.
          const bool entry = place.address == link.module(place.module).file.entry;
          if (!is_main(place) && !entry) out.entered.push_back(place);
          continue;
        }
        out.stack.insert({n->module, n->function});
        out.places.push_back(place);
        // A call that a signal has interrupted is made again.
        for (const Site& site : link.module(n->module).sites_of(link.function(*n)))
          if (site.address + 2 == place.address || site.address + 4 == place.address)
            out.places.push_back({place.module, site.address});
      }
    }
  return out;
}

}  // namespace callgate::scan
