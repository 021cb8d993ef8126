// The 23 architectures of the OCI runtime specification, with what the kernel calls them.
// seccomp_data.arch is an AUDIT_ARCH_* token; x86_64 and x32 share one and differ by bit 30 of the call number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace callgate::arch {

// A call number as seccomp_data.nr holds it: all of 0 … 2^32-1. x32's numbers carry bit 30.
using SyscallNr = std::uint32_t;
// seccomp_data.arch (linux/audit.h). Bit 31: 64-bit; bit 30: little endian.
using AuditArch = std::uint32_t;

enum class Arch : std::uint8_t {
  x86_64,
  x86,
  x32,
  arm,
  aarch64,
  mips,
  mipsel,
  mips64,
  mipsel64,
  mips64n32,
  mipsel64n32,
  ppc,
  ppc64,
  ppc64le,
  s390,
  s390x,
  parisc,
  parisc64,
  riscv64,
  loongarch64,
  m68k,
  sh,
  sheb,
};
inline constexpr std::size_t kArchCount = 23;
inline constexpr SyscallNr kX32Bit = 0x40000000;

struct ArchInfo {
  Arch arch;
  std::string_view name;  // "x86_64", as libseccomp's tools print it
  std::string_view oci;   // "SCMP_ARCH_X86_64"
  std::string_view go;    // "amd64": GOARCH; empty where Go has none
  AuditArch audit;        // AUDIT_ARCH_X86_64
  std::string_view audit_name;
  std::uint8_t arg_bits;  // significant bits of an argument register: 32 or 64
  bool big_endian;
  bool has_table;  // call numbers are known (data/syscalls/<name>.csv)
  // The word Docker compares with a rule's `arches`: GOARCH but for x86, the little endian MIPS, n32 and loongarch64
  // (moby's seccomp_linux.go, goToNative). Empty where Docker has none, so that no `arches` list holds it.
  std::string_view docker;
};

std::span<const ArchInfo> all();
const ArchInfo& info(Arch arch);
// Any spelling: x86_64, amd64, SCMP_ARCH_X86_64, i386, arm64, ppc64el … without regard to case.
std::optional<Arch> find(std::string_view spelling);
// The spelling used by OCI files alone, exactly.
std::optional<Arch> find_oci(std::string_view spelling);
std::optional<Arch> find_go(std::string_view spelling);
// The architecture this binary was built for.
Arch native();
// The architectures that share `audit` (two for x86_64's token, none for an unknown one).
std::span<const Arch> with_audit(AuditArch audit);
// Which architecture a call belongs to: tells x32 from x86_64 by the number.
std::optional<Arch> of_call(AuditArch audit, SyscallNr nr);
constexpr bool little_endian(AuditArch audit) {
  return (audit & 0x40000000U) != 0;
}
constexpr bool is_64bit(AuditArch audit) {
  return (audit & 0x80000000U) != 0;
}

struct KernelVersion {
  std::uint16_t major = 0, minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};
// "5.8", "6.18.44-cloud": the first two numbers.
std::optional<KernelVersion> parse_kernel_version(std::string_view text);

}  // namespace callgate::arch
