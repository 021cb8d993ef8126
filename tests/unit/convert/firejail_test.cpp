// firejail profiles, read and written. What they mean is what tests/engines/test_firejail.py proves of live processes.
// SPDX-License-Identifier: Apache-2.0
#include "convert/firejail_tables.h"
#include "text_formats.h"

namespace callgate::convert {
namespace {

using policy::Action;
using policy::kAllow;
using policy::kKillThread;
using policy::make_errno;
using test::Case;
using test::expect_answers;
using test::of;
using test::Text;
using testing::HasSubstr;

constexpr Action kLog{policy::ActionKind::log, 0};

TEST(Firejail, Answers) {
  const Case cases[] = {
      {"seccomp", "mount", make_errno(1)},
      {"seccomp", "ptrace", make_errno(1)},
      {"seccomp", "read", kAllow},
      {"allow-debuggers\nseccomp", "ptrace", kAllow},
      {"seccomp read", "read", make_errno(1)},
      {"seccomp read", "mount", make_errno(1)},
      {"seccomp !mount", "mount", kAllow},
      {"seccomp !mount", "ptrace", make_errno(1)},
      {"seccomp.drop read,write:EACCES,open:kill", "read", make_errno(1)},
      {"seccomp.drop read,write:EACCES,open:kill", "write", make_errno(13)},
      {"seccomp.drop read,write:EACCES,open:kill", "open", kKillThread},
      {"seccomp.drop read,write:EACCES,open:kill", "mount", kAllow},
      {"seccomp.drop execve", "execve", make_errno(1)},
      {"seccomp.drop $0", "read", make_errno(1)},
      {"seccomp.drop $0x1", "write", make_errno(1)},
      {"seccomp.drop @basic-io,!write", "write", kAllow},
      {"seccomp.drop @basic-io,!write", "read", make_errno(1)},
      // Number 0 has no other sign, so !read is read.
      {"seccomp.drop !read", "read", make_errno(1)},
      {"seccomp.keep !read", "read", kAllow},
      {"seccomp.drop !read:EACCES", "read", make_errno(13)},
      // Names of later kernels are skipped, and numbers that have no name; with an error of their own these count.
      {"seccomp.drop read,listmount", "listmount", kAllow},
      {"seccomp.drop read,$458", "listmount", kAllow},
      {"seccomp.drop read,$458:EACCES", "listmount", make_errno(13)},
      {"seccomp.drop read,$458:kill", "listmount", kKillThread},
      {"seccomp.keep read,$458", "listmount", kAllow},
      {"seccomp.drop read # and no more", "read", make_errno(1)},
      {"ignore seccomp\nseccomp.drop read\nseccomp write", "read", make_errno(1)},
      {"ignore seccomp\nseccomp.drop read\nseccomp write", "write", kAllow},
      {"ignore seccomp.drop read\nseccomp.drop read,write\nseccomp", "read", make_errno(1)},
      {"seccomp.keep read", "read", kAllow},
      {"seccomp.keep read", "write", make_errno(1)},
      {"seccomp.keep read", "execve", kAllow},
      {"seccomp.keep read,!execve", "execve", make_errno(1)},
      {"seccomp.keep read\nseccomp.drop read", "read", kAllow},
      {"seccomp.drop read\nseccomp.drop write", "read", kAllow},
      {"seccomp read\nseccomp", "read", make_errno(1)},
      {"seccomp-error-action kill\nseccomp.drop read", "read", kKillThread},
      {"seccomp.drop read\nseccomp-error-action log", "read", kLog},
      {"seccomp.drop read\nseccomp-error-action eacces", "read", make_errno(13)},
  };
  expect_answers(kFirejail, cases, "# A profile\n\ncaps.drop all\n");
}

TEST(Firejail, Architectures) {
  using enum arch::Arch;
  const Text plain(kFirejail, "seccomp\n");
  EXPECT_EQ(of(plain, x86, "mount"), make_errno(1));
  EXPECT_EQ(of(plain, x86, "read"), kAllow);
  EXPECT_EQ(of(plain, x32, "read"), make_errno(1));
  const Text drop(kFirejail, "seccomp.drop mount\n");
  EXPECT_EQ(of(drop, x86, "mount"), kAllow) << "no second filter beside a list of one's own";
  const Text blocked(kFirejail, "seccomp\nseccomp.block-secondary\n");
  EXPECT_EQ(of(blocked, x86, "read"), make_errno(1));
  const Text personality(kFirejail, "seccomp.keep personality\nseccomp.block-secondary\n");
  EXPECT_EQ(of(personality, x86_64, "personality", {0}), kAllow);
  EXPECT_EQ(of(personality, x86_64, "personality", {8}), make_errno(1));
}

TEST(Firejail, BadInput) {
  const std::tuple<std::string_view, std::string_view, bool> cases[] = {
      {"seccomp.drop raed", "1:14: warning: unknown call 'raed', which firejail skips [CG1252]", true},
      {"seccomp.drop read:EWHAT", "unknown error in 'read:EWHAT', which firejail skips [CG1262]", true},
      {"seccomp.drop read\nseccomp.drop write", "1:14: warning: a later 'seccomp.drop' line replaces this one [CG1266]",
       true},
      {"seccomp.drop read\nseccomp.keep write", "firejail disregards seccomp.drop beside seccomp.keep [CG1266]", true},
      {"seccomp\n?HAS_NET: seccomp.drop read", "depends on how firejail is started is not read [CG1267]", true},
      {"seccomp\ninclude a.profile", "'a.profile' may have further seccomp lines; it is not read [CG1267]", true},
      {"seccomp.drop $458", "firejail 0.9.72 has no name for '$458', and skips it [CG1252]", true},
      {"seccomp.drop listmount",
       "firejail 0.9.72 does not know it; a list that keeps takes $458, one that drops $458:EPERM", true},
      {"seccomp.drop @secrets", "firejail 0.9.72 has no group '@secrets' [CG1254]", false},
      {"seccomp.drop execve", "dropped by a library, in dynamically linked programs alone [CG1274]", true},
      {"seccomp.drop execve:EPERM", "refuses execve, with which firejail starts programs [CG1273]", true},
      {"seccomp.keep !prctl\nseccomp.block-secondary",
       "refuses prctl, with which firejail would load the others [CG1273]", true},
      {"# callgate:firejail 0.9.60\nseccomp", "1:21: error: '0.9.60' is no release of firejail that is known", false},
      {"seccomp\nprotocol unix", "'protocol' installs a filter that is not read here [CG1267]", true},
      {"seccomp.drop @nosuch", "firejail 0.9.72 has no group '@nosuch' [CG1254]", false},
      {"seccomp.drop read, write", "unexpected ' ' in a list of calls [CG1250]", false},
      {"seccomp.drop !:EPERM", "'!:EPERM' names no call [CG1250]", false},
      {"seccomp.drop $99999999999", "is no call number [CG1255]", false},
      {"seccomp.drop $2147483647", "is no call number [CG1255]", false},
      {"seccomp.drop ,", "'seccomp.drop' needs a list of calls [CG1250]", false},
      {"seccomp.drop", "'seccomp.drop' needs a list of calls [CG1250]", false},
      {"seccomp.dorp read", "unknown setting 'seccomp.dorp' [CG1250]", false},
      {"seccomp-error-action maybe", "unknown error 'maybe' [CG1260]", false},
      {"caps.drop all", "no seccomp line in the profile [CG1269]", false},
  };
  for (const auto& [bad, message, reads] : cases) {
    const Text text(kFirejail, std::string(bad));
    EXPECT_EQ(text.reading.has_value(), reads) << bad;
    EXPECT_THAT(text.messages(), HasSubstr(std::string(message))) << bad;
  }
}

// The 32-bit lines, as the filters of live processes of 0.9.72 show them.
TEST(Firejail, SecondArchitecture) {
  using enum arch::Arch;
  struct Second {
    std::string_view text;
    arch::Arch arch;
    std::string_view call;
    Action action;
  };
  const Second cases[] = {
      // What is kept for 32-bit programs is kept of the machine's own calls.
      {"seccomp.32.keep read,write", x86, "mount", kAllow},
      {"seccomp.32.keep read,write", x86_64, "mount", make_errno(1)},
      {"seccomp.keep read\nseccomp.32.keep write", x86_64, "read", make_errno(1)},
      {"seccomp\nseccomp.32.keep read", x86, "mount", kAllow},
      // Alone, a list is replaced by the short one.
      {"seccomp.32 getpid", x86, "getpid", kAllow},
      {"seccomp.32 getpid", x86, "mount", make_errno(1)},
      {"seccomp.32 getpid", x86, "bpf", kAllow},
      {"seccomp.32.drop getpid", x86, "getpid", kAllow},
      {"seccomp.32.drop getpid", x86_64, "mount", kAllow},
      {"seccomp\nseccomp.32 getpid", x86, "getpid", kAllow},
      {"seccomp ptrace\nseccomp.32 getpid", x86, "getpid", make_errno(1)},
      {"seccomp ptrace\nseccomp.32 getpid", x86, "bpf", make_errno(1)},
      {"seccomp ptrace\nseccomp.32 !mount", x86, "mount", kAllow},
      {"seccomp.32 getpid\nseccomp-error-action ENOSYS", x86, "getpid", make_errno(38)},
      {"seccomp.32 getpid\nseccomp-error-action ENOSYS", x86_64, "mount", kAllow},
      // Groups hold what the machine has: x86_64 has no clock_settime64, and no stime.
      {"seccomp.32 @clock\nseccomp-error-action ENOSYS", x86, "clock_settime64", kAllow},
      {"seccomp.32 @clock\nseccomp-error-action ENOSYS", x86, "clock_settime", make_errno(38)},
      {"seccomp.drop ptrace\nseccomp.32.drop mount", x86, "mount", make_errno(1)},
      {"seccomp.drop ptrace\nseccomp.32.drop mount", x86, "ptrace", kAllow},
      {"seccomp.keep read\nseccomp.drop ptrace\nseccomp.32.drop mount", x86, "mount", make_errno(1)},
      {"seccomp.block-secondary", x86, "read", make_errno(1)},
      {"seccomp.block-secondary", x86_64, "mount", make_errno(1)},
      {"seccomp.drop ptrace\nseccomp.32.drop execve", x86, "execve", kAllow},
      {"seccomp.drop ptrace\nseccomp.32.drop execve:EPERM", x86, "execve", make_errno(1)},
      // The filter that blocks others is taken as it is beside lists that are kept or dropped alone.
      {"seccomp\nseccomp.block-secondary\nseccomp-error-action ENOSYS", x86, "read", make_errno(38)},
      {"seccomp.keep read\nseccomp.block-secondary\nseccomp-error-action ENOSYS", x86, "read", make_errno(1)},
      {"seccomp.drop read\nseccomp.block-secondary\nseccomp-error-action ENOSYS", x86, "read", make_errno(1)},
  };
  for (const Second& one : cases) {
    const Text text(kFirejail, std::string(one.text));
    ASSERT_TRUE(text.reading) << one.text << "\n" << text.messages();
    EXPECT_EQ(of(text, one.arch, one.call), one.action) << one.text << " " << one.call;
  }
}

TEST(Firejail, WhatItDoesOfSecondListsIsTold) {
  const std::tuple<std::string_view, std::string_view, bool> cases[] = {
      {"seccomp.32.keep read", "restricts the calls of x86_64 to this list, and none of 32-bit programs [CG1271]",
       true},
      {"seccomp.32 read", "firejail loads its own short list in place of this one", true},
      {"seccomp.32.drop read", "looks at seccomp.32.drop only beside seccomp.drop [CG1266]", true},
      {"seccomp.drop ptrace\nseccomp.32.drop execve", "never drops 'execve' for 32-bit programs [CG1266]", true},
      {"seccomp.drop ptrace\nseccomp.32 read",
       "firejail does not start with a seccomp.32 list beside seccomp.drop [CG1210]", false},
      {"seccomp.32 read\nseccomp.block-secondary",
       "firejail does not start with a 32-bit list beside seccomp.block-secondary", false},
  };
  for (const auto& [lines, message, reads] : cases) {
    const Text text(kFirejail, std::string(lines));
    EXPECT_EQ(text.reading.has_value(), reads) << lines;
    EXPECT_THAT(text.messages(), HasSubstr(std::string(message))) << lines;
  }
  const Text arm(kFirejail, "seccomp.32 read\n", arch::Arch::aarch64);
  EXPECT_FALSE(arm.reading);
  EXPECT_THAT(arm.messages(), HasSubstr("what firejail makes of 32-bit lists is known for x86_64 alone [CG1265]"));
}

TEST(Firejail, Releases) {
  using enum arch::Arch;
  const Text old(kFirejail, "seccomp\n");
  EXPECT_EQ(old.answer("futimesat"), kAllow);
  EXPECT_THAT(old.messages(), HasSubstr("read as firejail 0.9.72 reads it; 0.9.80 also refuses utime, "));
  EXPECT_THAT(old.messages(), HasSubstr("[CG1275]"));
  const Text named(kFirejail, "seccomp # callgate:firejail 0.9.76\n");
  EXPECT_EQ(named.answer("futimesat"), kAllow);
  EXPECT_EQ(named.messages(), "");
  const Text fresh(kFirejail, "# callgate:firejail 0.9.80\nseccomp\n");
  EXPECT_EQ(fresh.answer("futimesat"), make_errno(1));
  EXPECT_EQ(fresh.messages(), "");
  const Text keeps(kFirejail, "seccomp.keep read\n");
  EXPECT_THAT(keeps.messages(), HasSubstr("0.9.80 lets through mmap, "));
  EXPECT_EQ(Text(kFirejail, "seccomp.drop ptrace,@module\n").messages(), "") << "no difference";
  const Text gone(kFirejail, "# callgate:firejail 0.9.72\nseccomp.drop @memfd\n");
  EXPECT_THAT(gone.messages(), HasSubstr("firejail 0.9.80 has it"));
  // The oldest one that knows the machine.
  EXPECT_EQ(firejail_release_for(x86_64), FirejailRelease::v0_9_72);
  EXPECT_EQ(firejail_release_for(aarch64), FirejailRelease::v0_9_74);
  EXPECT_EQ(firejail_release_for(riscv64), FirejailRelease::v0_9_78);
  EXPECT_EQ(firejail_release_for(x32), std::nullopt);
  const Text unknown(kFirejail, "# callgate:firejail 0.9.72\nseccomp\n", aarch64);
  EXPECT_FALSE(unknown.reading);
  EXPECT_THAT(unknown.messages(), HasSubstr("firejail knows the calls of aarch64 from 0.9.74 on [CG1265]"));
  EXPECT_EQ(find_firejail_release("0.9.77"), FirejailRelease::v0_9_74);
  EXPECT_EQ(find_firejail_release("0.9.999"), FirejailRelease::v0_9_80);
  for (const std::string_view none : {"0.9.71", "0.9.", "1.0", "0.9.72rc1", ""})
    EXPECT_EQ(find_firejail_release(none), std::nullopt) << none;
}

TEST(Firejail, TablesAreWhole) {
  for (const FirejailRelease release : firejail_releases()) {
    for (const std::string_view group : firejail_groups(release)) {
      const auto calls = firejail_group(release, arch::Arch::x86_64, group);
      ASSERT_TRUE(calls.has_value());
      // What x86_64 has nothing of: @raw-io has, @cpu-emulation has.
      EXPECT_FALSE(calls->empty()) << group;
      for (const std::string_view call : *calls) EXPECT_FALSE(call.starts_with('@')) << call;
    }
    EXPECT_EQ(firejail_group(release, arch::Arch::x86_64, "@nosuch"), std::nullopt);
  }
  EXPECT_EQ(firejail_number(FirejailRelease::v0_9_72, arch::Arch::x86_64, "faccessat2"), 439U);
  EXPECT_EQ(firejail_number(FirejailRelease::v0_9_72, arch::Arch::x86_64, "epoll_pwait2"), std::nullopt);
  EXPECT_EQ(firejail_number(FirejailRelease::v0_9_78, arch::Arch::x86_64, "epoll_pwait2"), 441U);
  EXPECT_EQ(firejail_number(FirejailRelease::v0_9_72, arch::Arch::x86, "restart_syscall"), std::nullopt);
  EXPECT_EQ(firejail_number(FirejailRelease::v0_9_72, arch::Arch::aarch64, "read"), std::nullopt);
  EXPECT_EQ(firejail_call(FirejailRelease::v0_9_72, arch::Arch::x86_64, 441), "");
  EXPECT_EQ(firejail_call(FirejailRelease::v0_9_72, arch::Arch::x86_64, 0), "read");
}

TEST(Firejail, KeepsWhatItNeedsItself) {
  // Others are killed: a second filter, which prctl loads after the list.
  const Text source(kKafel, "ALLOW { read } DEFAULT ERRNO(1)");
  const Conversion out = test::convert(*source.reading, kFirejail);
  EXPECT_EQ(out.text, "seccomp.block-secondary\nseccomp.keep !execveat,read\n");
  EXPECT_TRUE(out.widens());
  EXPECT_THAT(test::losses(out), HasSubstr("execve"));
  EXPECT_THAT(test::losses(out), HasSubstr("prctl"));
  EXPECT_TRUE(std::any_of(out.losses.begin(), out.losses.end(), [](const Loss& loss) {
    return loss.widens && loss.why.find("firejail needs them") != std::string::npos;
  }));
}

// firejail's own filter for other architectures says EPERM, unless firejail has to build it.
TEST(Firejail, OtherArchitecturesGetTheSameAnswer) {
  const Text source(kKafel, "ALLOW { read, execve, prctl } DEFAULT KILL");
  const Conversion out = test::convert(*source.reading, kFirejail);
  EXPECT_EQ(out.text,
            "seccomp.block-secondary\nseccomp.32 !write\nseccomp-error-action kill\nseccomp.keep !execveat,read\n");
  EXPECT_EQ(test::losses(out), "");
}

// A list of `count` calls that are dropped, none of which firejail needs itself.
std::string long_list(std::size_t count) {
  std::string list;
  for (const arch::CallEntry& each : arch::table(arch::Arch::x86_64)) {
    const std::string_view name = arch::name(each.name);
    if (count == 0 || name == "execve" || name == "execveat" || name == "prctl") continue;
    list += (list.empty() ? "" : ",") + std::string(name);
    --count;
  }
  return list;
}

TEST(Firejail, JumpsOfEightBits) {
  EXPECT_TRUE(Text(kFirejail, "seccomp.drop " + long_list(255)).reading);
  const Text far(kFirejail, "seccomp.drop " + long_list(256));
  EXPECT_FALSE(far.reading);
  EXPECT_THAT(far.messages(), HasSubstr("needs a jump over 256 instructions, of 255 at most"));
  EXPECT_THAT(far.messages(), HasSubstr("[CG1272]"));
  EXPECT_TRUE(Text(kFirejail, "seccomp.keep " + long_list(300)).reading);
  policy::Builder builder(kAllow);
  builder.arch(arch::info(arch::Arch::x86_64).audit, kAllow);
  for (const arch::CallEntry& each : arch::table(arch::Arch::x86_64))
    builder.call(arch::info(arch::Arch::x86_64).audit, each.nr, make_errno(1));
  Reading reading;
  reading.profile.policy = builder.finish();
  reading.states_default = true;
  reading.profile.default_action = kAllow;
  // Each call with its error, and the profile with another one, which x32 gets.
  const Conversion written = test::convert(reading, kFirejail);
  EXPECT_TRUE(written.text.starts_with("seccomp-error-action ENOENT\nseccomp.drop _sysctl:EPERM,accept:EPERM,"))
      << written.text;
  EXPECT_FALSE(written.widens()) << test::losses(written);
}

TEST(Firejail, WhatItDoesNotKnowIsWrittenAsANumber) {
  const Text drops(kKafel, "KILL { listmount } ERRNO(1) { mount } DEFAULT ALLOW");
  ASSERT_TRUE(drops.reading) << drops.messages();
  EXPECT_THAT(test::convert(*drops.reading, kFirejail).text, HasSubstr("$458:"));
  const Text keeps(kKafel, "ALLOW { read, listmount, execve, execveat } DEFAULT ERRNO(1)");
  EXPECT_THAT(test::convert(*keeps.reading, kFirejail).text, HasSubstr("seccomp.keep $458,read\n"));
  // Nothing is refused: no exception that would be none.
  const Text nothing(kKafel, "ALLOW { read } DEFAULT ALLOW");
  EXPECT_THAT(test::convert(*nothing.reading, kFirejail).text, HasSubstr("seccomp.drop !write\n"));
}

}  // namespace
}  // namespace callgate::convert
