// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "format/engine.h"
#include "format/fields.h"

namespace callgate::format {
namespace {

TEST(Names, EnginesGoBothWays) {
  for (const Engine engine :
       {Engine::docker, Engine::podman, Engine::containerd, Engine::runc, Engine::crun, Engine::oci})
    EXPECT_EQ(find_engine(name(engine)), engine);
  EXPECT_EQ(find_engine("Docker"), std::nullopt);
}

TEST(Names, KeysFoldAsGoFoldsThem) {
  EXPECT_TRUE(folds_to("DEFAULTACTION", "defaultAction"));
  EXPECT_TRUE(folds_to("\xc5\xbfyscall\xc5\xbf", "syscalls"));
  EXPECT_TRUE(
      folds_to("min\xe2\x84\xaa"
               "ernel",
               "minKernel"));
  EXPECT_FALSE(folds_to("names ", "names"));
  EXPECT_FALSE(folds_to("name", "names"));
  EXPECT_FALSE(folds_to("", "names"));
}

TEST(Names, EachRuntimeTakesItsOwnArchitectures) {
  EXPECT_EQ(find_architecture(Runtime::runc, "SCMP_ARCH_X86_64"), arch::Arch::x86_64);
  EXPECT_EQ(find_architecture(Runtime::runc, "x86_64"), std::nullopt);
  EXPECT_EQ(find_architecture(Runtime::runc, "SCMP_ARCH_M68K"), std::nullopt);
  EXPECT_EQ(find_architecture(Runtime::oci, "SCMP_ARCH_M68K"), arch::Arch::m68k);
  EXPECT_EQ(find_architecture(Runtime::crun, "X86_64"), arch::Arch::x86_64);
  EXPECT_EQ(find_architecture(Runtime::crun, "scmp_arch_x86"), std::nullopt);
  EXPECT_EQ(find_architecture(Runtime::crun, "SCMP_ARCH_aarch64"), arch::Arch::aarch64);
  EXPECT_EQ(find_architecture(Runtime::crun, "SCMP_ARCH_NATIVE"), std::nullopt);
}

TEST(Names, FourteenDefaultCapabilities) {
  EXPECT_EQ(default_capabilities().size(), 14U);
}

}  // namespace
}  // namespace callgate::format
