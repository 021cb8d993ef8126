// SPDX-License-Identifier: Apache-2.0
#include "phases/load.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "arch/calls.h"
#include "base/io.h"
#include "tracee/inject.h"
#include "tracee/memory.h"

namespace callgate::phases {

namespace {

constexpr std::size_t kProgramAt = 16;

// struct sock_fprog and, behind it, the instructions; 32-bit processes have a shorter pointer in it.
std::vector<std::byte> image(const bpf::Program& program, std::uint32_t audit, std::uint64_t address) {
  std::vector<std::byte> out(kProgramAt + program.size() * sizeof(bpf::Insn));
  const auto length = static_cast<std::uint16_t>(program.size());
  const std::uint64_t pointer = address + kProgramAt;
  const auto short_pointer = static_cast<std::uint32_t>(pointer);
  std::memcpy(out.data(), &length, sizeof length);
  if (arch::is_64bit(audit))
    std::memcpy(out.data() + 8, &pointer, sizeof pointer);
  else
    std::memcpy(out.data() + 4, &short_pointer, sizeof short_pointer);
  std::memcpy(out.data() + kProgramAt, program.data(), program.size() * sizeof(bpf::Insn));
  return out;
}

base::Result<void> check(std::int64_t result, std::string_view what) {
  if (result >= 0 || result < -4095) return {};
  const int error = static_cast<int>(-result);
  return base::fail(base::ErrorCode::io, fmt::format("{}: {}", what, base::errno_text(error)), error);
}

// In a 32-bit process addresses come back as 32 bits, whatever their sign.
std::uint64_t address_of(std::int64_t result, std::uint32_t audit) {
  const auto value = static_cast<std::uint64_t>(result);
  return arch::is_64bit(audit) ? value : value & 0xffffffffU;
}

bool allowed(const policy::Policy& policy, std::uint32_t audit, std::string_view name,
             const tracee::host::Arguments& arguments) {
  const auto nr = arch::number(arch::with_audit(audit).front(), name);
  if (!nr) return false;
  const policy::Action action = policy::evaluate(policy, {audit, *nr, arguments});
  return action.kind == policy::ActionKind::allow || action.kind == policy::ActionKind::log;
}

}  // namespace

base::Result<tracee::Event> load_filter(const tracee::Event& stop, const NextFilter& next,
                                        const tracee::Ptrace& kernel) {
  CALLGATE_TRY(auto injection, tracee::Injection::begin(stop, kernel));
  const std::uint32_t audit = injection.audit();
  const std::size_t bytes = kProgramAt + next.program.size() * sizeof(bpf::Insn);
  CALLGATE_TRY(const std::int64_t mapped, injection.call(map_call(audit), next.grant.map(audit, bytes)));
  CALLGATE_CHECK(check(mapped, "memory for the filter"));
  const std::uint64_t address = address_of(mapped, audit);
  CALLGATE_CHECK(tracee::write_memory(stop.tid, address, image(next.program, audit, address), kernel));
  CALLGATE_TRY(const std::int64_t loaded, injection.call("seccomp", next.grant.load(audit, address)));
  CALLGATE_CHECK(check(loaded, "seccomp(2)"));
  if (loaded > 0)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("thread {} has loaded a filter of its own, so they cannot all get one", loaded));
  // From here on the new filter decides. Where it does not let the memory be released, that stays.
  const auto release = next.grant.unmap(audit, address, bytes);
  if (allowed(next.policy, audit, "munmap", release)) CALLGATE_CHECK(injection.call("munmap", release));
  return injection.finish();
}

}  // namespace callgate::phases
