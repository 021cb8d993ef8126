// SPDX-License-Identifier: Apache-2.0
#include "record/facts.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>

#include "base/io.h"
#include "base/text.h"

namespace callgate::record {

namespace {

std::string in_hex(std::span<const unsigned char> bytes) {
  std::string out;
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

bool read_at(int fd, std::uint64_t offset, void* out, std::size_t size) {
  return pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::string build_id_in(std::span<const unsigned char> notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;  // the same for both classes
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name = (std::size_t{header.n_namesz} + 3) & ~std::size_t{3};
    const std::size_t body = (std::size_t{header.n_descsz} + 3) & ~std::size_t{3};
    if (name > notes.size() - sizeof header || body > notes.size() - sizeof header - name) return {};
    const auto rest = notes.subspan(sizeof header);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(rest.data(), "GNU", 4) == 0)
      return in_hex(rest.subspan(name, header.n_descsz));
    notes = rest.subspan(name + body);
  }
  return {};
}

template <class Header, class Segment>
std::string build_id_of(int fd) {
  Header header;
  if (!read_at(fd, 0, &header, sizeof header) || header.e_phentsize != sizeof(Segment)) return {};
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Segment segment;
    if (!read_at(fd, header.e_phoff + i * sizeof segment, &segment, sizeof segment)) return {};
    constexpr std::size_t kMostNotes = 65536;
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNotes) continue;
    std::vector<unsigned char> notes(segment.p_filesz);
    if (!read_at(fd, segment.p_offset, notes.data(), notes.size())) continue;
    if (std::string id = build_id_in(notes); !id.empty()) return id;
  }
  return {};
}

}  // namespace

recording::Run begin_run(std::string tool, const std::vector<std::string>& command, recording::Source source) {
  recording::Run run;
  std::array<unsigned char, 16> random{};
  if (getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(random.size())) run.id = in_hex(random);
  run.tool = std::move(tool);
  run.source = source;
  run.command = command;
  run.arch = arch::native();
  utsname machine{};
  if (uname(&machine) == 0) {
    run.kernel = machine.release;
    run.host = machine.nodename;
  }
  run.uid = getuid();
  const time_t now = time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  run.started = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                            utc.tm_hour, utc.tm_min, utc.tm_sec);
  return run;
}

std::string build_id(const std::string& path) {
  // Not a pipe: opening one would wait.
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::array<unsigned char, EI_NIDENT> ident{};
  if (!fd || !read_at(fd.get(), 0, ident.data(), ident.size()) || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0)
    return {};
  return ident[EI_CLASS] == ELFCLASS64 ? build_id_of<Elf64_Ehdr, Elf64_Phdr>(fd.get())
                                       : build_id_of<Elf32_Ehdr, Elf32_Phdr>(fd.get());
}

void add_build_ids(recording::Run& run) {
  for (recording::Image& image : run.images)
    if (!image.path.empty()) image.build_id = build_id(image.path);
}

bool under_a_filter(pid_t process) {
  const auto status =
      base::read_file(process == 0 ? std::string("/proc/self/status") : fmt::format("/proc/{}/status", process));
  if (!status) return false;
  for (const std::string_view line : base::split(*status, '\n'))
    if (line.starts_with("Seccomp:")) return base::trim(line.substr(8)) == "2";
  return false;
}

}  // namespace callgate::record
