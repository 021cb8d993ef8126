// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "arch/calls.h"
#include "format/profile.h"

namespace callgate::format {
namespace {

policy::Action act(const Profile& profile, arch::Arch arch, std::string_view call, std::uint64_t first = 0) {
  return policy::evaluate(profile.policy, {arch::info(arch).audit, arch::number(arch, call).value(), {first}});
}

std::optional<Profile> read(std::string_view name, ReadOptions options) {
  base::Diagnostics diagnostics;
  return builtin_profile(name, options, diagnostics);
}

TEST(Builtin, DockerDefaultFollowsCapabilitiesAndKernel) {
  using arch::Arch;
  ReadOptions options;
  options.native = Arch::x86_64;
  const auto plain = read("docker-default", options);
  ASSERT_TRUE(plain);
  EXPECT_EQ(act(*plain, Arch::x86_64, "read"), policy::kAllow);
  EXPECT_EQ(act(*plain, Arch::x86_64, "mount"), policy::make_errno(1));
  EXPECT_EQ(act(*plain, Arch::x86_64, "clone3"), policy::make_errno(38));
  EXPECT_EQ(act(*plain, Arch::x86_64, "clone", 0x10000000), policy::make_errno(1));
  EXPECT_EQ(act(*plain, Arch::x86_64, "socket", 40), policy::make_errno(1));
  EXPECT_EQ(act(*plain, Arch::x86_64, "socket", 39), policy::kAllow);
  EXPECT_EQ(act(*plain, Arch::x86, "socket", 0xffffffff00000028), policy::make_errno(1));
  EXPECT_EQ(act(*plain, Arch::x86_64, "ptrace"), policy::kAllow);
  options.capabilities.emplace_back("CAP_SYS_ADMIN");
  options.kernel = {4, 7};
  const auto admin = read("docker-default", options);
  ASSERT_TRUE(admin);
  EXPECT_EQ(act(*admin, Arch::x86_64, "mount"), policy::kAllow);
  EXPECT_EQ(act(*admin, Arch::x86_64, "clone3"), policy::kAllow);
  EXPECT_EQ(act(*admin, Arch::x86_64, "ptrace"), policy::make_errno(1));
}

TEST(Builtin, PodmanDefaultAnswersEnosys) {
  ReadOptions options;
  options.native = arch::Arch::x86_64;
  options.as = Engine::podman;
  const auto profile = read("podman-default", options);
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->default_action, policy::make_errno(38));
  EXPECT_EQ(act(*profile, arch::Arch::x86_64, "read"), policy::kAllow);
  EXPECT_EQ(act(*profile, arch::Arch::x86_64, "kexec_load"), policy::make_errno(1));
}

TEST(Builtin, OnlyItsOwnNames) {
  EXPECT_FALSE(read("docker", {}));
  EXPECT_FALSE(read("unconfined", {}));
}

TEST(Builtin, ArmRulesOnArm) {
  ReadOptions options;
  options.native = arch::Arch::x86_64;
  options.architectures = {arch::Arch::aarch64, arch::Arch::arm};
  const auto profile = read("docker-default", options);
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->policy.archs.size(), 2U);
  EXPECT_EQ(act(*profile, arch::Arch::arm, "cacheflush"), policy::kAllow);
}

}  // namespace
}  // namespace callgate::format
