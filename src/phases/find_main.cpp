// SPDX-License-Identifier: Apache-2.0
#include "phases/find_main.h"

#include <elf.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/io.h"
#include "base/text.h"
#include "tracee/host/registers.h"
#include "tracee/memory.h"

namespace callgate::phases {

namespace {

namespace host = tracee::host;

// The auxiliary vector is pairs of words of the program's own size.
base::Result<std::uint64_t> entry_address(pid_t tid, bool compat) {
  CALLGATE_TRY(const std::string vector, base::read_file(fmt::format("/proc/{}/auxv", tid)));
  const std::size_t size = compat ? 4 : 8;
  for (std::size_t at = 0; at + 2 * size <= vector.size(); at += 2 * size) {
    std::uint64_t type = 0, value = 0;  // little endian, as all that this runs on
    std::memcpy(&type, vector.data() + at, size);
    std::memcpy(&value, vector.data() + at + size, size);
    if (type == AT_ENTRY) return value;
  }
  return base::fail(base::ErrorCode::unsupported, "the program has no entry address");
}

// Whether the address is in executable memory of the program's own file.
bool is_own_code(pid_t tid, std::uint64_t address) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", tid), error).string();
  const auto maps = base::read_file(fmt::format("/proc/{}/maps", tid));
  if (error || !maps) return false;
  for (const std::string_view line : base::split(*maps, '\n')) {
    const std::size_t dash = line.find('-'), blank = line.find(' ');
    if (blank == std::string_view::npos || dash > blank || line[blank + 3] != 'x') continue;
    const auto begin = base::parse_u64(fmt::format("0x{}", line.substr(0, dash)));
    const auto end = base::parse_u64(fmt::format("0x{}", line.substr(dash + 1, blank - dash - 1)));
    if (begin && end && address >= *begin && address < *end) return line.ends_with(program);
  }
  return false;
}

base::Result<std::uint64_t> word_at(pid_t tid, std::uint64_t address, bool compat, const tracee::Ptrace& kernel) {
  std::array<std::byte, 8> bytes{};
  CALLGATE_CHECK(tracee::read_memory(tid, address, std::span(bytes.data(), compat ? 4U : 8U), kernel));
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

}  // namespace

base::Result<void> MainFinder::set(pid_t tid, std::uint64_t address) {
  CALLGATE_CHECK(tracee::read_memory(tid, address, std::span(&before_, 1), *kernel_));
  breakpoint_ = address;
  return tracee::write_code(tid, address, host::kBreakpoint, *kernel_);
}

base::Result<void> MainFinder::remove(pid_t tid) {
  return tracee::write_code(tid, breakpoint_, before_, *kernel_);
}

base::Result<void> MainFinder::begin(const tracee::Event& exec) {
  if (!host::can_inject())
    return base::fail(base::ErrorCode::unsupported, "main() cannot be found on this architecture");
  CALLGATE_TRY(const host::Registers registers, host::read_registers(exec.tid, *kernel_));
  CALLGATE_TRY(const std::uint64_t entry, entry_address(exec.tid, host::is_compat(registers)));
  return set(exec.tid, entry);
}

// The first argument of the call that passes the program's own code.
base::Result<std::uint64_t> MainFinder::step_to_call(pid_t tid) {
  constexpr int kSteps = 64;
  constexpr std::uint64_t kLongestCall = 8;
  for (int step = 0; step < kSteps; ++step) {
    CALLGATE_TRY(const host::Registers before, host::read_registers(tid, *kernel_));
    if (kernel_->request(PTRACE_SINGLESTEP, tid, 0, nullptr) < 0) break;
    tracee::Event event;
    if (tracee::next_event(event, true, tid, *kernel_) != tracee::Waited::event) break;
    if (event.kind != tracee::EventKind::signal || event.signal != SIGTRAP) break;
    CALLGATE_TRY(const host::Registers after, host::read_registers(tid, *kernel_));
    const bool compat = host::is_compat(after);
    const std::uint64_t size = compat ? 4 : 8, stack = host::stack_pointer(after);
    if (stack + size != host::stack_pointer(before)) continue;
    // Pushes move the stack, too; only a call leaves the address of the instruction behind it there, and goes
    // elsewhere.
    CALLGATE_TRY(const std::uint64_t pushed, word_at(tid, stack, compat, *kernel_));
    const std::uint64_t length = pushed - host::instruction_pointer(before);
    if (length < 2 || length > kLongestCall || pushed == host::instruction_pointer(after)) continue;
    std::uint64_t argument = host::first_argument(after);
    if (compat) {
      CALLGATE_TRY(argument, word_at(tid, stack + size, compat, *kernel_));
    }
    if (is_own_code(tid, argument)) return argument;
  }
  return base::fail(base::ErrorCode::unsupported,
                    "its start calls nothing with the address of a main() (a Go program?); a marker can say where");
}

base::Result<bool> MainFinder::at_main(tracee::Event& event) {
  if (event.kind != tracee::EventKind::signal || event.signal != SIGTRAP || breakpoint_ == 0) return false;
  CALLGATE_TRY(host::Registers registers, host::read_registers(event.tid, *kernel_));
  if (host::instruction_pointer(registers) != breakpoint_ + 1) return false;
  CALLGATE_CHECK(remove(event.tid));
  host::set_instruction_pointer(registers, breakpoint_);
  CALLGATE_CHECK(host::write_registers(event.tid, registers, *kernel_));
  breakpoint_ = 0;
  event.signal = 0;
  if (entered_) return true;
  entered_ = true;
  CALLGATE_TRY(const std::uint64_t main, step_to_call(event.tid));
  CALLGATE_CHECK(set(event.tid, main));
  return false;
}

}  // namespace callgate::phases
