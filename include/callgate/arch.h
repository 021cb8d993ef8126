// The 23 architectures of the OCI runtime specification and their call tables.
//
// A filter sees an architecture as an AUDIT_ARCH_* token (linux/audit.h). x86_64 and x32 share one; an x32 call's
// number carries bit 30. Call numbers here always do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace callgate {

enum class Architecture : std::uint8_t {
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

/// All of them, in the order above.
std::vector<Architecture> architectures();
/// Any spelling: x86_64, amd64, SCMP_ARCH_X86_64, arm64 … without regard to case.
std::optional<Architecture> find_architecture(std::string_view spelling);
/// The architecture that the library was built for.
Architecture native_architecture();
/// "x86_64".
std::string_view architecture_name(Architecture architecture);
/// "SCMP_ARCH_X86_64", as profiles spell it.
std::string_view oci_name(Architecture architecture);
/// AUDIT_ARCH_*: what struct seccomp_data's `arch` holds for it.
std::uint32_t audit_token(Architecture architecture);

/// The number of a call ("openat"); nothing where the architecture has no such call, or its table is not known.
std::optional<std::uint32_t> call_number(Architecture architecture, std::string_view name);
/// The name of a number; empty where it is not known.
std::string_view call_name(Architecture architecture, std::uint32_t number);
/// The known name closest to a misspelt one, if any is close.
std::optional<std::string_view> suggest_call_name(std::string_view misspelt);

}  // namespace callgate
