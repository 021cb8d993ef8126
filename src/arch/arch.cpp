// The facts about each architecture. Tokens from linux/audit.h; OCI spellings from the runtime specification; Go's
// from GOARCH. Who libseccomp calls "sh" is the little endian SuperH, AUDIT_ARCH_SHEL.
// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace callgate::arch {
namespace {

// x32 and n32 programs pass 64-bit registers: the upper half of an argument is theirs to set, and the kernel shows it.
constexpr std::array<ArchInfo, kArchCount> kArches = {{
    {Arch::x86_64, "x86_64", "SCMP_ARCH_X86_64", "amd64", 0xc000003e, "AUDIT_ARCH_X86_64", 64, false, true, "amd64"},
    {Arch::x86, "x86", "SCMP_ARCH_X86", "386", 0x40000003, "AUDIT_ARCH_I386", 32, false, true, "x86"},
    {Arch::x32, "x32", "SCMP_ARCH_X32", "amd64p32", 0xc000003e, "AUDIT_ARCH_X86_64", 64, false, true, ""},
    {Arch::arm, "arm", "SCMP_ARCH_ARM", "arm", 0x40000028, "AUDIT_ARCH_ARM", 32, false, true, "arm"},
    {Arch::aarch64, "aarch64", "SCMP_ARCH_AARCH64", "arm64", 0xc00000b7, "AUDIT_ARCH_AARCH64", 64, false, true,
     "arm64"},
    {Arch::mips, "mips", "SCMP_ARCH_MIPS", "mips", 0x00000008, "AUDIT_ARCH_MIPS", 32, true, true, ""},
    {Arch::mipsel, "mipsel", "SCMP_ARCH_MIPSEL", "mipsle", 0x40000008, "AUDIT_ARCH_MIPSEL", 32, false, true, "mipsel"},
    {Arch::mips64, "mips64", "SCMP_ARCH_MIPS64", "mips64", 0x80000008, "AUDIT_ARCH_MIPS64", 64, true, true, "mips64"},
    {Arch::mipsel64, "mipsel64", "SCMP_ARCH_MIPSEL64", "mips64le", 0xc0000008, "AUDIT_ARCH_MIPSEL64", 64, false, true,
     "mipsel64"},
    {Arch::mips64n32, "mips64n32", "SCMP_ARCH_MIPS64N32", "mips64p32", 0xa0000008, "AUDIT_ARCH_MIPS64N32", 64, true,
     true, "mips64n32"},
    {Arch::mipsel64n32, "mipsel64n32", "SCMP_ARCH_MIPSEL64N32", "mips64p32le", 0xe0000008, "AUDIT_ARCH_MIPSEL64N32", 64,
     false, true, "mips3l64n32"},
    {Arch::ppc, "ppc", "SCMP_ARCH_PPC", "ppc", 0x00000014, "AUDIT_ARCH_PPC", 32, true, true, "ppc"},
    {Arch::ppc64, "ppc64", "SCMP_ARCH_PPC64", "ppc64", 0x80000015, "AUDIT_ARCH_PPC64", 64, true, true, "ppc64"},
    {Arch::ppc64le, "ppc64le", "SCMP_ARCH_PPC64LE", "ppc64le", 0xc0000015, "AUDIT_ARCH_PPC64LE", 64, false, true,
     "ppc64le"},
    {Arch::s390, "s390", "SCMP_ARCH_S390", "s390", 0x00000016, "AUDIT_ARCH_S390", 32, true, true, "s390"},
    {Arch::s390x, "s390x", "SCMP_ARCH_S390X", "s390x", 0x80000016, "AUDIT_ARCH_S390X", 64, true, true, "s390x"},
    {Arch::parisc, "parisc", "SCMP_ARCH_PARISC", "", 0x0000000f, "AUDIT_ARCH_PARISC", 32, true, true, ""},
    {Arch::parisc64, "parisc64", "SCMP_ARCH_PARISC64", "", 0x8000000f, "AUDIT_ARCH_PARISC64", 64, true, true, ""},
    {Arch::riscv64, "riscv64", "SCMP_ARCH_RISCV64", "riscv64", 0xc00000f3, "AUDIT_ARCH_RISCV64", 64, false, true,
     "riscv64"},
    {Arch::loongarch64, "loongarch64", "SCMP_ARCH_LOONGARCH64", "loong64", 0xc0000102, "AUDIT_ARCH_LOONGARCH64", 64,
     false, true, "loongarch64"},
    {Arch::m68k, "m68k", "SCMP_ARCH_M68K", "", 0x00000004, "AUDIT_ARCH_M68K", 32, true, true, ""},
    {Arch::sh, "sh", "SCMP_ARCH_SH", "", 0x4000002a, "AUDIT_ARCH_SHEL", 32, false, true, ""},
    {Arch::sheb, "sheb", "SCMP_ARCH_SHEB", "", 0x0000002a, "AUDIT_ARCH_SH", 32, true, true, ""},
}};

constexpr bool each_in_its_place() {
  for (std::size_t i = 0; i < kArchCount; ++i) {
    const ArchInfo& info = kArches[i];
    if (info.arch != static_cast<Arch>(i) || info.big_endian == little_endian(info.audit)) {
      return false;
    }
  }
  return true;
}
static_assert(each_in_its_place());

struct Alias {
  std::string_view spelling;
  Arch arch;
};

// What uname, Debian, GNU triplets and people say, beyond the names in kArches.
constexpr std::array kAliases = std::to_array<Alias>({
    {"x86-64", Arch::x86_64},
    {"x64", Arch::x86_64},
    {"i386", Arch::x86},
    {"i486", Arch::x86},
    {"i586", Arch::x86},
    {"i686", Arch::x86},
    {"ia32", Arch::x86},
    {"armel", Arch::arm},
    {"armhf", Arch::arm},
    {"armv5l", Arch::arm},
    {"armv6l", Arch::arm},
    {"armv7", Arch::arm},
    {"armv7l", Arch::arm},
    {"armv8l", Arch::arm},
    {"armv8", Arch::aarch64},
    {"mips64el", Arch::mipsel64},
    {"mips64eln32", Arch::mipsel64n32},
    {"mips3l64n32", Arch::mipsel64n32},
    {"mipsn32", Arch::mips64n32},
    {"mipsn32el", Arch::mipsel64n32},
    {"powerpc", Arch::ppc},
    {"powerpc64", Arch::ppc64},
    {"powerpc64le", Arch::ppc64le},
    {"ppc64el", Arch::ppc64le},
    {"hppa", Arch::parisc},
    {"hppa64", Arch::parisc64},
    {"sh4", Arch::sh},
    {"sh4eb", Arch::sheb},
});

constexpr std::array<Arch, kArchCount> kByAudit = [] {
  std::array<Arch, kArchCount> order{};
  for (std::size_t i = 0; i < kArchCount; ++i) {
    order[i] = static_cast<Arch>(i);
  }
  std::ranges::sort(order, [](Arch a, Arch b) {
    const AuditArch left = kArches[static_cast<std::size_t>(a)].audit;
    const AuditArch right = kArches[static_cast<std::size_t>(b)].audit;
    return left != right ? left < right : a < b;
  });
  return order;
}();

}  // namespace

std::span<const ArchInfo> all() {
  return kArches;
}

const ArchInfo& info(Arch arch) {
  return kArches[static_cast<std::size_t>(arch)];
}

std::optional<Arch> find_oci(std::string_view spelling) {
  const auto found = std::ranges::find(kArches, spelling, &ArchInfo::oci);
  return found == kArches.end() ? std::nullopt : std::optional(found->arch);
}

std::optional<Arch> find_go(std::string_view spelling) {
  const auto found = std::ranges::find(kArches, spelling, &ArchInfo::go);
  return spelling.empty() || found == kArches.end() ? std::nullopt : std::optional(found->arch);
}

std::optional<Arch> find(std::string_view spelling) {
  if (spelling.empty()) {
    return std::nullopt;
  }
  constexpr std::string_view kOciPrefix = "SCMP_ARCH_";
  for (const ArchInfo& info : kArches) {
    for (const std::string_view known : {info.name, info.oci, info.oci.substr(kOciPrefix.size()), info.go}) {
      if (base::equals_ignore_case(known, spelling)) {
        return info.arch;
      }
    }
    // x32's token is x86_64's, which comes first.
    if (base::equals_ignore_case(info.audit_name, spelling)) {
      return info.arch;
    }
  }
  for (const Alias& alias : kAliases) {
    if (base::equals_ignore_case(alias.spelling, spelling)) {
      return alias.arch;
    }
  }
  return std::nullopt;
}

Arch native() {
#if defined(__x86_64__) && defined(__ILP32__)
  return Arch::x32;
#elif defined(__x86_64__)
  return Arch::x86_64;
#elif defined(__i386__)
  return Arch::x86;
#elif defined(__aarch64__)
  return Arch::aarch64;
#elif defined(__arm__)
  return Arch::arm;
#elif defined(__riscv) && __riscv_xlen == 64
  return Arch::riscv64;
#elif defined(__s390x__)
  return Arch::s390x;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
  return Arch::ppc64le;
#elif defined(__powerpc64__)
  return Arch::ppc64;
#elif defined(__powerpc__)
  return Arch::ppc;
#elif defined(__loongarch64)
  return Arch::loongarch64;
#elif defined(__mips__) && _MIPS_SIM == _ABI64
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? Arch::mips64 : Arch::mipsel64;
#elif defined(__mips__) && _MIPS_SIM == _ABIN32
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? Arch::mips64n32 : Arch::mipsel64n32;
#elif defined(__mips__)
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? Arch::mips : Arch::mipsel;
#elif defined(__hppa__)
  return Arch::parisc;
#elif defined(__m68k__)
  return Arch::m68k;
#elif defined(__sh__)
  return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? Arch::sheb : Arch::sh;
#else
#error "seccomp filters are not known for this architecture"
#endif
}

std::span<const Arch> with_audit(AuditArch audit) {
  return std::ranges::equal_range(kByAudit, audit, {}, [](Arch arch) { return info(arch).audit; });
}

std::optional<Arch> of_call(AuditArch audit, SyscallNr nr) {
  const std::span<const Arch> sharing = with_audit(audit);
  if (sharing.empty()) {
    return std::nullopt;
  }
  if (sharing.front() == Arch::x86_64) {
    return (nr & kX32Bit) != 0 ? Arch::x32 : Arch::x86_64;
  }
  return sharing.front();
}

std::optional<KernelVersion> parse_kernel_version(std::string_view text) {
  KernelVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') {
    return std::nullopt;
  }
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{}) {
    return std::nullopt;
  }
  return version;
}

}  // namespace callgate::arch
