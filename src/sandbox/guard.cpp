// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guard.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <initializer_list>
#include <utility>
#include <vector>

#include "arch/calls.h"
#include "policy/builder.h"

namespace callgate::sandbox {

namespace {

// x32 lies within x86_64's token.
std::vector<arch::Arch> answering_here() {
  using arch::Arch;
  if (arch::native() == Arch::x86_64) return {Arch::x86_64, Arch::x32, Arch::x86};
  if (arch::native() == Arch::aarch64) return {Arch::aarch64, Arch::arm};
  return {arch::native()};
}

policy::Clause when(std::uint8_t arg, std::uint64_t value) {
  // The kernel takes an unsigned int: the upper half of the register says nothing.
  return {{{arg, policy::Op::masked_eq, value, 0xffffffffU}}, policy::make_errno(EPERM)};
}

// Of arguments in pairs (index, bits): all of these bits are set.
policy::Clause with_bits(std::initializer_list<std::pair<std::uint8_t, std::uint64_t>> arguments) {
  policy::Clause clause{{}, policy::make_errno(EPERM)};
  for (const auto& [arg, bits] : arguments) clause.conditions.push_back({arg, policy::Op::masked_eq, bits, bits});
  return clause;
}

void deny_executable_memory(policy::Builder& builder, arch::Arch each) {
  constexpr std::uint64_t kReadImpliesExec = 0x0400000, kShmExec = 0100000;
  const policy::AuditArch audit = arch::info(each).audit;
  const auto when_bits = [&](std::string_view call, std::vector<policy::Clause> clauses) {
    if (const auto nr = arch::number(each, call))
      builder.call(audit, *nr, policy::Decision{std::move(clauses), policy::kAllow});
  };
  const auto never = [&](std::string_view call) {
    if (const auto nr = arch::number(each, call)) builder.call(audit, *nr, policy::make_errno(EPERM));
  };
  const std::vector<policy::Clause> mapping{with_bits({{2, PROT_EXEC}, {3, MAP_ANONYMOUS}}),
                                            with_bits({{2, PROT_EXEC | PROT_WRITE}})};
  if (each == arch::Arch::x86)
    never("mmap");
  else
    when_bits("mmap", mapping);
  when_bits("mmap2", mapping);
  for (const char* call : {"mprotect", "pkey_mprotect"}) when_bits(call, {with_bits({{2, PROT_EXEC}})});
  when_bits("shmat", {with_bits({{2, kShmExec}})});
  when_bits("execveat", {with_bits({{4, AT_EMPTY_PATH}})});
  // 0xffffffff asks for the present one.
  if (const auto nr = arch::number(each, "personality"))
    builder.call(audit, *nr,
                 policy::Decision{{{{{0, policy::Op::masked_eq, 0xffffffffU, 0xffffffffU}}, policy::kAllow},
                                   with_bits({{0, kReadImpliesExec}})},
                                  policy::kAllow});
  never("memfd_create");
  never("ptrace");  // writes a child's code, whatever its protection
}

}  // namespace

std::optional<policy::Policy> guard(const Seals& seals) {
  const bool terminal = (seals.seals & bit(Seal::process)) != 0;
  const bool network = (seals.namespaces & CLONE_NEWNET) != 0;
  if (!terminal && !network && !seals.no_exec_memory) return std::nullopt;
  policy::Builder builder(policy::kAllow);
  policy::AuditArch last = 0;
  for (const arch::Arch each : answering_here()) {
    const policy::AuditArch audit = arch::info(each).audit;
    if (audit != last) builder.arch(audit, policy::kAllow);
    last = audit;
    if (const auto nr = arch::number(each, "socket"); nr && network)
      builder.call(audit, *nr, policy::Decision{{when(0, AF_VSOCK)}, policy::kAllow});
    if (seals.no_exec_memory) deny_executable_memory(builder, each);
    if (const auto nr = arch::number(each, "ioctl"); nr && terminal)
      builder.call(audit, *nr, policy::Decision{{when(1, TIOCSTI), when(1, TIOCLINUX)}, policy::kAllow});
  }
  return builder.finish();
}

}  // namespace callgate::sandbox
