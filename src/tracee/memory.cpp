// SPDX-License-Identifier: Apache-2.0
#include "tracee/memory.h"

#include <fmt/format.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/io.h"

namespace callgate::tracee {

namespace {

constexpr std::uint64_t kPageBytes = 4096;  // the least page size; a larger one only makes more reads

tl::unexpected<base::Error> failed(const char* what, pid_t tid, std::uint64_t address, long negative_errno) {
  const int error = negative_errno < 0 ? static_cast<int>(-negative_errno) : EFAULT;
  return base::fail(base::ErrorCode::io,
                    fmt::format("{} memory of task {} at {:#x}: {}", what, tid, address, base::errno_text(error)),
                    error);
}

// By PTRACE_PEEKDATA's raw form, a word at a time: where process_vm_readv is not there, or refused by an outer filter.
bool peek(pid_t tid, std::uint64_t address, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKDATA, tid, address + done, nullptr);
    if (errno != 0) return false;
    const std::size_t count = std::min(sizeof word, into.size() - done);
    std::memcpy(into.data() + done, &word, count);
    done += count;
  }
  return true;
}

}  // namespace

base::Result<void> read_memory(pid_t tid, std::uint64_t address, std::span<std::byte> into, const Ptrace& kernel) {
  const ssize_t got = kernel.read_memory(tid, address, into.data(), into.size());
  if (got == static_cast<ssize_t>(into.size())) return {};
  if ((got == -ENOSYS || got == -EPERM) && peek(tid, address, into)) return {};
  return failed("reading", tid, address, got);
}

base::Result<std::string> read_text(pid_t tid, std::uint64_t address, std::size_t limit, const Ptrace& kernel) {
  std::string text;
  // Never across a page that the text may not reach.
  while (text.size() < limit) {
    std::array<char, 256> part{};
    const std::uint64_t from = address + text.size();
    const std::size_t count =
        std::min({part.size(), limit - text.size(), static_cast<std::size_t>(kPageBytes - from % kPageBytes)});
    CALLGATE_CHECK(read_memory(tid, from, std::as_writable_bytes(std::span(part.data(), count)), kernel));
    const std::string_view found(part.data(), count);
    const std::size_t end = found.find('\0');
    text.append(found.substr(0, end));
    if (end != std::string_view::npos) break;
  }
  return text;
}

base::Result<void> write_memory(pid_t tid, std::uint64_t address, std::span<const std::byte> from,
                                const Ptrace& kernel) {
  const ssize_t got = kernel.write_memory(tid, address, from.data(), from.size());
  if (got == static_cast<ssize_t>(from.size())) return {};
  return failed("writing", tid, address, got);
}

base::Result<void> write_code(pid_t tid, std::uint64_t address, std::byte value, const Ptrace& kernel) {
  const std::uint64_t word_address = address & ~std::uint64_t{sizeof(long) - 1};
  std::array<std::byte, sizeof(long)> word{};
  CALLGATE_CHECK(read_memory(tid, word_address, word, kernel));
  word[address - word_address] = value;
  std::uintptr_t data = 0;
  std::memcpy(&data, word.data(), sizeof data);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): how ptrace takes a word
  const long done = kernel.request(PTRACE_POKETEXT, tid, word_address, reinterpret_cast<void*>(data));
  if (done < 0) return failed("writing", tid, address, done);
  return {};
}

}  // namespace callgate::tracee
