// The shipped profiles: the two that came first are what they were, byte by byte; those beside them let programs live
// and let nothing privileged through, under every engine's reading. (That programs really run under them:
// tests/engines.) SPDX-License-Identifier: Apache-2.0
#include "format/shipped.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/startup.h"
#include "base/io.h"
#include "format/profile.h"
#include "policy/algebra.h"

namespace callgate::format {
namespace {

constexpr std::array kEngines{Engine::docker, Engine::podman, Engine::containerd,
                              Engine::runc,   Engine::crun,   Engine::oci};

// What takes a privilege, or reaches the kernel's or other programs' insides.
constexpr std::array<std::string_view, 58> kPrivileged{"acct",
                                                       "add_key",
                                                       "adjtimex",
                                                       "afs_syscall",
                                                       "bpf",
                                                       "chroot",
                                                       "clock_adjtime",
                                                       "clock_settime",
                                                       "create_module",
                                                       "delete_module",
                                                       "fanotify_init",
                                                       "finit_module",
                                                       "fsconfig",
                                                       "fsmount",
                                                       "fsopen",
                                                       "init_module",
                                                       "io_uring_setup",
                                                       "ioperm",
                                                       "iopl",
                                                       "kcmp",
                                                       "kexec_load",
                                                       "kexec_file_load",
                                                       "keyctl",
                                                       "lookup_dcookie",
                                                       "mbind",
                                                       "migrate_pages",
                                                       "modify_ldt",
                                                       "mount",
                                                       "mount_setattr",
                                                       "move_mount",
                                                       "move_pages",
                                                       "name_to_handle_at",
                                                       "open_by_handle_at",
                                                       "open_tree",
                                                       "perf_event_open",
                                                       "pidfd_getfd",
                                                       "pivot_root",
                                                       "process_madvise",
                                                       "process_vm_readv",
                                                       "process_vm_writev",
                                                       "ptrace",
                                                       "quotactl",
                                                       "reboot",
                                                       "request_key",
                                                       "set_mempolicy",
                                                       "setdomainname",
                                                       "sethostname",
                                                       "setns",
                                                       "settimeofday",
                                                       "swapoff",
                                                       "swapon",
                                                       "syslog",
                                                       "umount2",
                                                       "unshare",
                                                       "uselib",
                                                       "userfaultfd",
                                                       "vhangup",
                                                       "io_uring_enter"};

Profile read(std::string_view name, Engine engine) {
  const ShippedProfile* const shipped = find_shipped(name);
  EXPECT_NE(shipped, nullptr) << name;
  ReadOptions options;
  options.as = engine;
  options.native = arch::Arch::x86_64;
  base::Diagnostics diagnostics;
  const base::SourceFile file(std::string(name), std::string(shipped->text));
  auto profile = read_profile(file, options, diagnostics);
  EXPECT_TRUE(profile.has_value()) << base::render_text(diagnostics, false);
  return profile ? std::move(*profile) : Profile{};
}

policy::Action act(const Profile& profile, std::string_view call, std::array<std::uint64_t, 6> args = {}) {
  return policy::evaluate(profile.policy,
                          {arch::info(arch::Arch::x86_64).audit, arch::number(arch::Arch::x86_64, call).value(), args});
}

TEST(Shipped, TheFirstTwoAreVerbatim) {
  for (const std::string name : {"basic", "restrictive"}) {
    const auto seed = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/seed/" + name + ".json");
    ASSERT_TRUE(seed.has_value());
    EXPECT_TRUE(find_shipped(name)->text == *seed) << name;
  }
}

TEST(Shipped, ListedByName) {
  EXPECT_EQ(shipped_profiles().size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(shipped_profiles(), {}, &ShippedProfile::name));
  EXPECT_EQ(find_shipped("basic-"), nullptr);
  for (const ShippedProfile& each : shipped_profiles()) EXPECT_LT(each.what.size(), 120U) << each.name;
}

TEST(Shipped, TheMendedOnesLetProgramsStart) {
  for (const Engine engine : kEngines)
    for (const std::string_view name : {"basic-fixed", "restrictive-fixed"}) {
      const Profile profile = read(name, engine);
      SCOPED_TRACE(name);
      for (const arch::RuntimeStartup& each : arch::runtime_startups())
        for (const arch::StartupCall& call : each.calls)
          EXPECT_EQ(act(profile, call.name), policy::kAllow) << each.runtime << ": " << call.name;
      for (const arch::ProgramStartup& each : arch::program_startups())
        for (const arch::StartupCall& call : each.calls)
          EXPECT_EQ(act(profile, call.name), policy::kAllow) << each.libc << ": " << call.name;
      EXPECT_EQ(act(profile, "clone3"), policy::make_errno(38));     // C libraries fall back on this one alone
      EXPECT_EQ(act(profile, "clone", {0x3d0f00}), policy::kAllow);  // a thread
      EXPECT_EQ(act(profile, "clone", {0x1200011}), policy::kAllow);
    }
}

TEST(Shipped, TheFirstTwoDoNot) {
  for (const std::string_view call : {"clone", "futex", "arch_prctl"})
    EXPECT_FALSE(policy::grants(act(read("basic", Engine::crun), call))) << call;
  EXPECT_FALSE(policy::grants(act(read("restrictive", Engine::crun), "pread64")));
  EXPECT_TRUE(policy::grants(act(read("restrictive", Engine::crun), "reboot")));
}

TEST(Shipped, TheMendedOnesGrantNothingPrivileged) {
  for (const Engine engine : kEngines)
    for (const std::string_view name : {"basic-fixed", "restrictive-fixed"}) {
      const Profile profile = read(name, engine);
      SCOPED_TRACE(name);
      for (const std::string_view call : kPrivileged) EXPECT_FALSE(policy::grants(act(profile, call))) << call;
      for (unsigned bit = 0; bit < 64; ++bit) {  // no namespace by clone
        const std::uint64_t flag = std::uint64_t{1} << bit;
        const bool space = (flag & 0x7e020000U) != 0;
        EXPECT_EQ(policy::grants(act(profile, "clone", {0x11 | flag})), !space) << bit;
      }
      for (std::uint64_t domain = 0; domain < 50; ++domain)
        EXPECT_EQ(policy::grants(act(profile, "socket", {domain, 1})),
                  domain == 1 || domain == 2 || domain == 10 || domain == 16)
            << domain;
      EXPECT_EQ(policy::grants(act(profile, "socket", {2, 3})), name == "basic-fixed");  // raw
      EXPECT_FALSE(policy::grants(act(profile, "mknod", {0, 0x2180, 0})));               // a character device
      EXPECT_FALSE(policy::grants(act(profile, "mknodat", {0, 0, 0x6180})));             // a block device
      const policy::Call x32{arch::info(arch::Arch::x32).audit, arch::kX32Bit | 39U, {}};
      EXPECT_FALSE(policy::grants(policy::evaluate(profile.policy, x32)));
    }
}

}  // namespace
}  // namespace callgate::format
