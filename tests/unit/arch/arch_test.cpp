// Architectures: spellings, tokens, and who owns a call number.
// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <set>

#include "base/text.h"

namespace callgate::arch {
namespace {

using ::testing::ElementsAre;

TEST(Arch, TokensAreTheKernels) {
  const std::pair<Arch, AuditArch> expected[] = {
      {Arch::x86_64, AUDIT_ARCH_X86_64},
      {Arch::x86, AUDIT_ARCH_I386},
      {Arch::x32, AUDIT_ARCH_X86_64},
      {Arch::arm, AUDIT_ARCH_ARM},
      {Arch::aarch64, AUDIT_ARCH_AARCH64},
      {Arch::mips, AUDIT_ARCH_MIPS},
      {Arch::mipsel, AUDIT_ARCH_MIPSEL},
      {Arch::mips64, AUDIT_ARCH_MIPS64},
      {Arch::mipsel64, AUDIT_ARCH_MIPSEL64},
      {Arch::mips64n32, AUDIT_ARCH_MIPS64N32},
      {Arch::mipsel64n32, AUDIT_ARCH_MIPSEL64N32},
      {Arch::ppc, AUDIT_ARCH_PPC},
      {Arch::ppc64, AUDIT_ARCH_PPC64},
      {Arch::ppc64le, AUDIT_ARCH_PPC64LE},
      {Arch::s390, AUDIT_ARCH_S390},
      {Arch::s390x, AUDIT_ARCH_S390X},
      {Arch::parisc, AUDIT_ARCH_PARISC},
      {Arch::parisc64, AUDIT_ARCH_PARISC64},
      {Arch::riscv64, AUDIT_ARCH_RISCV64},
      {Arch::loongarch64, AUDIT_ARCH_LOONGARCH64},
      {Arch::m68k, AUDIT_ARCH_M68K},
      {Arch::sh, AUDIT_ARCH_SHEL},
      {Arch::sheb, AUDIT_ARCH_SH},
  };
  ASSERT_EQ(std::size(expected), kArchCount);
  for (const auto& [arch, token] : expected) {
    EXPECT_EQ(info(arch).audit, token) << info(arch).name;
    EXPECT_EQ(info(arch).big_endian, !little_endian(token)) << info(arch).name;
  }
}

TEST(Arch, EverySpellingFindsItsArchitecture) {
  std::set<std::string_view> seen;
  for (const ArchInfo& one : all()) {
    EXPECT_EQ(find(one.name), one.arch);
    EXPECT_EQ(find(one.oci), one.arch);
    EXPECT_EQ(find(base::to_lower(one.oci)), one.arch);
    EXPECT_EQ(find(one.oci.substr(10)), one.arch);
    EXPECT_EQ(find_oci(one.oci), one.arch);
    EXPECT_TRUE(seen.insert(one.name).second) << one.name;
    EXPECT_TRUE(seen.insert(one.oci).second) << one.oci;
    if (!one.go.empty()) {
      EXPECT_EQ(find(one.go), one.arch);
      EXPECT_EQ(find_go(one.go), one.arch);
    }
  }
}

TEST(Arch, OtherSpellings) {
  EXPECT_EQ(find("AMD64"), Arch::x86_64);
  EXPECT_EQ(find("x86-64"), Arch::x86_64);
  EXPECT_EQ(find("i386"), Arch::x86);
  EXPECT_EQ(find("i686"), Arch::x86);
  EXPECT_EQ(find("386"), Arch::x86);
  EXPECT_EQ(find("armv7l"), Arch::arm);
  EXPECT_EQ(find("ppc64el"), Arch::ppc64le);
  EXPECT_EQ(find("mips64el"), Arch::mipsel64);
  EXPECT_EQ(find("hppa"), Arch::parisc);
  EXPECT_EQ(find("loong64"), Arch::loongarch64);
  EXPECT_EQ(find("AUDIT_ARCH_X86_64"), Arch::x86_64);
  EXPECT_EQ(find("AUDIT_ARCH_SH"), Arch::sheb);
}

TEST(Arch, DockersWordsDifferFromGos) {
  EXPECT_EQ(info(Arch::x86_64).docker, "amd64");
  EXPECT_EQ(info(Arch::x86).docker, "x86");
  EXPECT_EQ(info(Arch::x86).go, "386");
  EXPECT_EQ(info(Arch::mipsel64).docker, "mipsel64");
  EXPECT_EQ(info(Arch::loongarch64).docker, "loongarch64");
  EXPECT_EQ(info(Arch::x32).docker, "");
  EXPECT_EQ(info(Arch::m68k).docker, "");
}

TEST(Arch, StrangersAreRefused) {
  for (const std::string_view wrong : {"", "x86_6", "x86_64 ", "SCMP_ARCH_", "SCMP_ARCH_NATIVE", "sparc64", "arm128"}) {
    EXPECT_EQ(find(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(find_oci("scmp_arch_x86_64"), std::nullopt);
  EXPECT_EQ(find_oci("x86_64"), std::nullopt);
  EXPECT_EQ(find_go("x86_64"), std::nullopt);
  EXPECT_EQ(find_go(""), std::nullopt);
}

TEST(Arch, OneTokenMayServeTwo) {
  EXPECT_THAT(with_audit(AUDIT_ARCH_X86_64), ElementsAre(Arch::x86_64, Arch::x32));
  EXPECT_THAT(with_audit(AUDIT_ARCH_AARCH64), ElementsAre(Arch::aarch64));
  EXPECT_THAT(with_audit(0), ElementsAre());
  EXPECT_EQ(of_call(AUDIT_ARCH_X86_64, 0), Arch::x86_64);
  EXPECT_EQ(of_call(AUDIT_ARCH_X86_64, kX32Bit - 1), Arch::x86_64);
  EXPECT_EQ(of_call(AUDIT_ARCH_X86_64, kX32Bit), Arch::x32);
  EXPECT_EQ(of_call(AUDIT_ARCH_I386, kX32Bit), Arch::x86);
  EXPECT_EQ(of_call(12345, 0), std::nullopt);
}

TEST(Arch, NativeIsThisBuild) {
#if defined(__x86_64__) && !defined(__ILP32__)
  EXPECT_EQ(native(), Arch::x86_64);
#elif defined(__aarch64__)
  EXPECT_EQ(native(), Arch::aarch64);
#endif
  EXPECT_EQ(info(native()).big_endian, std::endian::native == std::endian::big);
}

TEST(KernelVersion, TheFirstTwoNumbersCount) {
  EXPECT_EQ(parse_kernel_version("5.8"), (KernelVersion{5, 8}));
  EXPECT_EQ(parse_kernel_version("6.18.44-cloud"), (KernelVersion{6, 18}));
  EXPECT_EQ(parse_kernel_version("6.18-rc1"), (KernelVersion{6, 18}));
  EXPECT_LT((KernelVersion{4, 20}), (KernelVersion{5, 0}));
  EXPECT_LT((KernelVersion{5, 9}), (KernelVersion{5, 10}));
  for (const std::string_view wrong : {"", "5", "5.", ".8", "v5.8", "5.x", "-5.8", "70000.1", "5.70000"}) {
    EXPECT_EQ(parse_kernel_version(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace callgate::arch
