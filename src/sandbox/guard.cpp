// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guard.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
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

}  // namespace

std::optional<policy::Policy> guard(const Seals& seals) {
  const bool terminal = (seals.seals & bit(Seal::process)) != 0;
  const bool network = (seals.namespaces & CLONE_NEWNET) != 0;
  if (!terminal && !network) return std::nullopt;
  policy::Builder builder(policy::kAllow);
  policy::AuditArch last = 0;
  for (const arch::Arch each : answering_here()) {
    const policy::AuditArch audit = arch::info(each).audit;
    if (audit != last) builder.arch(audit, policy::kAllow);
    last = audit;
    if (const auto nr = arch::number(each, "socket"); nr && network)
      builder.call(audit, *nr, policy::Decision{{when(0, AF_VSOCK)}, policy::kAllow});
    if (const auto nr = arch::number(each, "ioctl"); nr && terminal)
      builder.call(audit, *nr, policy::Decision{{when(1, TIOCSTI), when(1, TIOCLINUX)}, policy::kAllow});
  }
  return builder.finish();
}

}  // namespace callgate::sandbox
