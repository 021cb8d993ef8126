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

// Calls that tell containerd's releases apart, and what capabilities open.
TEST(Builtin, ContainerdByRelease) {
  using arch::Arch;
  struct Row {
    std::string_view name, call;
    std::uint64_t first;
    bool allowed;
  };
  ReadOptions options;
  options.native = Arch::x86_64;
  options.as = Engine::containerd;
  for (const Row& row :
       {Row{"containerd-1.6-default", "socket", 40, true}, Row{"containerd-1.7-default", "socket", 40, false},
        Row{"containerd-1.7-default", "socket", 38, true}, Row{"containerd-2.0-default", "socket", 38, true},
        Row{"containerd-default", "socket", 38, false}, Row{"containerd-default", "socket", 39, true},
        Row{"containerd-default", "socket", 41, true}, Row{"containerd-1.7-default", "io_uring_setup", 0, true},
        Row{"containerd-2.0-default", "io_uring_setup", 0, false}, Row{"containerd-default", "mseal", 0, true},
        Row{"containerd-2.0-default", "mseal", 0, false}, Row{"containerd-1.6-default", "name_to_handle_at", 0, false},
        Row{"containerd-default", "clone", 0x10000000, false}, Row{"containerd-default", "arch_prctl", 0, true}}) {
    const auto profile = read(row.name, options);
    ASSERT_TRUE(profile);
    // What is not named is EPERM, or ENOSYS where runc takes it for younger than the profile.
    EXPECT_EQ(act(*profile, Arch::x86_64, row.call, row.first) == policy::kAllow, row.allowed)
        << row.name << " " << row.call << " " << row.first;
  }
  EXPECT_EQ(act(*read("containerd-default", options), Arch::x86_64, "clone3"), policy::make_errno(38));
  options.capabilities.emplace_back("CAP_SYS_ADMIN");
  EXPECT_EQ(act(*read("containerd-1.6-default", options), Arch::x86_64, "name_to_handle_at"), policy::kAllow);
  EXPECT_EQ(act(*read("containerd-default", options), Arch::x86_64, "clone3"), policy::kAllow);
}

// Each release of Docker has the profile that its first patch release with it has, backports included.
TEST(Builtin, DockerByRelease) {
  struct Row {
    EngineVersion release;
    std::string_view name;
  };
  for (const Row& row :
       {Row{{19, 3, 0}, "docker-19.03.0-default"}, Row{{19, 3, 8}, "docker-19.03.3-default"},
        Row{{20, 10, 17}, "docker-20.10.10-default"}, Row{{20, 10, 21}, "docker-20.10.18-default"},
        Row{{20, 10, 22}, "docker-20.10.22-default"}, Row{{20, 10, 24}, "docker-20.10.18-default"},
        Row{{20, 10, 99}, "docker-20.10.26-default"}, Row{{23, 0, 9}, "docker-23.0.7-default"},
        Row{{23, 0, 18}, "docker-23.0.10-default"}, Row{{24, 0, 2}, "docker-23.0.0-default"},
        Row{{24, 0, 9}, "docker-23.0.7-default"}, Row{{25, 0, 2}, "docker-25.0.0-default"},
        Row{{28, 1, 1}, "docker-25.0.3-default"}, Row{{29, 4, 1}, "docker-28.2.0-default"},
        Row{{29, 4, 2}, "docker-29.4.2-default"}, Row{{29, 4, 3}, "docker-default"}, Row{{40, 0, 0}, "docker-default"}})
    EXPECT_EQ(docker_default(row.release), row.name) << row.release.major << "." << row.release.patch;
  EXPECT_EQ(docker_default({1, 13, 0}), "docker-19.03.0-default");
  EXPECT_EQ(oldest_docker_default(), (EngineVersion{19, 3, 0}));
}

TEST(Builtin, DockerReleasesDifferByTheirCalls) {
  using arch::Arch;
  struct Row {
    std::string_view name, call;
    std::uint64_t first;
    bool allowed;
  };
  ReadOptions options;
  options.native = Arch::x86_64;
  for (const Row& row :
       {Row{"docker-19.03.0-default", "openat2", 0, false}, Row{"docker-20.10.0-default", "openat2", 0, true},
        Row{"docker-20.10.0-default", "close_range", 0, false}, Row{"docker-20.10.4-default", "close_range", 0, true},
        Row{"docker-20.10.18-default", "socket", 40, true}, Row{"docker-20.10.22-default", "socket", 40, false},
        Row{"docker-20.10.26-default", "socket", 40, true}, Row{"docker-28.2.0-default", "socket", 38, true},
        Row{"docker-29.4.2-default", "socket", 38, false},
        Row{"docker-20.10.18-default", "name_to_handle_at", 0, false},
        Row{"docker-20.10.26-default", "name_to_handle_at", 0, true},
        Row{"docker-23.0.10-default", "cachestat", 0, true}, Row{"docker-23.0.10-default", "io_uring_setup", 0, true},
        Row{"docker-25.0.0-default", "io_uring_setup", 0, false}, Row{"docker-25.0.0-default", "cachestat", 0, false},
        Row{"docker-25.0.3-default", "mseal", 0, false}, Row{"docker-28.2.0-default", "mseal", 0, true},
        Row{"docker-19.03.9-default", "clone", 0x02000000, true},
        Row{"docker-20.10.0-default", "clone", 0x02000000, false}}) {
    const auto profile = read(row.name, options);
    ASSERT_TRUE(profile) << row.name;
    EXPECT_EQ(act(*profile, Arch::x86_64, row.call, row.first) == policy::kAllow, row.allowed)
        << row.name << " " << row.call << " " << row.first;
  }
  EXPECT_EQ(act(*read("docker-20.10.10-default", options), Arch::x86_64, "clone3"), policy::make_errno(38));
  EXPECT_EQ(act(*read("docker-20.10.18-default", options), Arch::x86, "socketcall"), policy::kAllow);
  EXPECT_EQ(act(*read("docker-29.4.2-default", options), Arch::x86, "socketcall"), policy::make_errno(38));
  options.native = Arch::loongarch64;
  EXPECT_TRUE(read("docker-default", options)->policy.archs.size() == 1);
  // Before 29.4.2 the map has no such machine, so the runtime confines its own alone: the same.
  EXPECT_TRUE(read("docker-28.2.0-default", options)->policy.archs.size() == 1);
}

TEST(Builtin, CrioMakesNoNewNamespaces) {
  ReadOptions options;
  options.native = arch::Arch::x86_64;
  options.as = Engine::podman;
  const auto plain = read("cri-o-default", options);
  ASSERT_TRUE(plain);
  EXPECT_EQ(act(*plain, arch::Arch::x86_64, "clone", 0x11), policy::kAllow);
  EXPECT_EQ(act(*plain, arch::Arch::x86_64, "clone", 0x10000000), policy::make_errno(1));
  EXPECT_EQ(act(*plain, arch::Arch::x86_64, "clone3"), policy::make_errno(38));
  EXPECT_EQ(act(*plain, arch::Arch::x86_64, "unshare"), policy::make_errno(38));
  EXPECT_EQ(act(*read("podman-default", options), arch::Arch::x86_64, "unshare"), policy::kAllow);
  options.capabilities.emplace_back("CAP_SYS_ADMIN");
  const auto admin = read("cri-o-default", options);
  EXPECT_EQ(act(*admin, arch::Arch::x86_64, "clone", 0x10000000), policy::kAllow);
  EXPECT_EQ(act(*admin, arch::Arch::x86_64, "unshare"), policy::kAllow);
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
