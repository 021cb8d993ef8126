// SPDX-License-Identifier: Apache-2.0
#include "preflight/trace.h"

#include <gtest/gtest.h>

#include <memory>

#include "arch/calls.h"

namespace callgate::preflight {
namespace {

struct Read {
  std::vector<Event> events;
  std::vector<std::pair<std::uint64_t, std::string>> programs;
  KeptLines kept;
  base::Diagnostics diagnostics;
  std::string messages() const { return base::render_text(diagnostics, false); }
  std::string names() const {
    std::string out;
    for (const Event& event : events) {
      out += out.empty() ? "" : " ";
      out += arch::name_of_call(event.call.audit, event.call.nr);
    }
    return out;
  }
};

std::unique_ptr<Read> read(const std::string& text) {
  auto out = std::make_unique<Read>();
  const base::SourceFile file("log", text);
  const Sink sink{
      [&](const Event& event) { out->events.push_back(event); },
      [&](std::uint64_t process, const std::string& program) { out->programs.emplace_back(process, program); }};
  (looks_like_records(text) ? read_records : read_strace)(file, sink, out->kept, out->diagnostics);
  return out;
}

// One line with every kind of prefix.
TEST(Strace, Prefixes) {
  for (const std::string prefix :
       {"", "12 ", "12  ", "[pid 12] ", "[pid    12] ", "12:30:01 ", "12 12:30:01.123456 ", "1700000000.123456 ",
        "12 1700000000.123456 ", "     0.000042 ", "12      0.000042 ", "[00007f0000001234] ",
        "[pid 12] [00007f0000001234] ", "[pid 12] 12:30:01 [00007f0000001234] ", "+0.000012 "}) {
    const auto got = read(prefix + "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3\n");
    ASSERT_EQ(got->events.size(), 1U) << prefix << got->messages();
    const Event& event = got->events[0];
    EXPECT_EQ(event.call.args, (std::array<std::uint64_t, 6>{1, 0x80001, 0})) << prefix;
    EXPECT_EQ(event.known, 7U) << prefix;
    EXPECT_EQ(event.process, prefix.find("12 ") == 0 || prefix.find("pid") == 1 ? 12U : 0U) << prefix;
    EXPECT_EQ(event.address, prefix.find("7f") != std::string::npos ? 0x7f0000001234U : 0U) << prefix;
  }
}

TEST(Strace, Arguments) {
  const auto got = read(
      "openat(AT_FDCWD</root>, \"/etc/a,b) = 0\\\"\", O_RDONLY|O_CLOEXEC) = 3</etc/x>\n"
      "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00\n"
      "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x10) = 7\n"
      "ioctl(1, 0x5401 /* TCGETS */, {c_iflag=0x500, c_cc=[3, 4]}) = -1 ENOTTY (Inappropriate ioctl for device)\n"
      "exit_group(0) = ?\n");
  ASSERT_EQ(got->names(), "openat mmap clone ioctl exit_group") << got->messages();
  EXPECT_EQ(got->events[0].call.args[0], 0xffffff9cU);
  EXPECT_EQ(got->events[0].known, 0b101U);
  EXPECT_EQ(got->events[0].call.args[2], 0x80000U);
  EXPECT_EQ(got->events[1].known, 0x3fU);
  EXPECT_EQ(got->events[1].call.args[3], 0x22U);
  EXPECT_EQ(got->events[2].call.args[0], 0x200011U);
  EXPECT_EQ(got->events[2].known, 0b1011U);
  EXPECT_EQ(got->events[3].call.args[1], 0x5401U);
  EXPECT_EQ(got->events[3].known, 0b11U);
  EXPECT_FALSE(got->events[3].succeeded);
}

TEST(Strace, PartsOfCallsAndTasks) {
  const auto got = read(
      "1 execve(\"/usr/bin/server\", [\"server\"], 0x7ffc /* 3 vars */) = 0\n"
      "1 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88 <unfinished ...>\n"
      "2 set_robust_list(0x7f, 24 <unfinished ...>\n"
      "1 <... clone3 resumed> => {parent_tid=[2]}, 88) = 2\n"
      "2 <... set_robust_list resumed>) = 0\n"
      "1 vfork() = 3\n"
      "3 execve(\"/bin/child\", [\"child\"], NULL) = 0\n"
      "3 +++ exited with 0 +++\n"
      "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---\n"
      "2 read(0, strace: Process 9 attached\n"
      " <unfinished ...>\n"
      "2 \?\?\?( <detached ...>\n");
  ASSERT_FALSE(got->diagnostics.has_errors()) << got->messages();
  EXPECT_EQ(got->names(), "execve clone3 set_robust_list vfork execve read");
  EXPECT_EQ(got->events[2].process, 1U);  // a thread
  EXPECT_EQ(got->events[4].process, 3U);
  EXPECT_EQ(got->events[4].parent, 1U);
  EXPECT_EQ(got->programs, (std::vector<std::pair<std::uint64_t, std::string>>{{1, "server"}, {3, "child"}}));
  EXPECT_EQ(got->events[5].known, 1U);
}

TEST(Strace, OtherModes) {
  const auto got =
      read("strace: [ Process PID=4 runs in 32 bit mode. ]\nbrk(NULL) = 0\n > /lib/libc.so(x+0x1) [0x2]\n");
  ASSERT_EQ(got->events.size(), 1U);
  EXPECT_EQ(got->events[0].call.audit, arch::info(arch::Arch::x86).audit);
}

TEST(Strace, WhatCannotBeRead) {
  const auto got = read("close(3) = 0\n12 what is this\nclosf(3) = 0\nclosf(4) = 0\n<... x\n");
  EXPECT_EQ(got->events.size(), 1U);
  EXPECT_EQ(got->diagnostics.error_count(), 2U);
  EXPECT_NE(got->messages().find("log:2:4: error: this is no line of strace [CG5101]"), std::string::npos)
      << got->messages();
  EXPECT_NE(got->messages().find("log:3:1: warning: x86_64 has no call 'closf' [CG5103]"), std::string::npos);
  EXPECT_EQ(got->diagnostics.warning_count(), 1U);  // once a name
}

TEST(Records, Forms) {
  const auto got = read(
      "{\"arch\":\"x86_64\",\"call\":\"openat\",\"args\":[\"AT_FDCWD\",null,\"O_RDWR|O_CLOEXEC\"],\"pid\":7}\n\n"
      "{\"call\":39}\n{\"call\":\"read\",\"args\":[-1,18446744073709551615,1]}\n");
  ASSERT_EQ(got->names(), "openat getpid read") << got->messages();
  EXPECT_EQ(got->events[0].known, 0b101U);
  EXPECT_EQ(got->events[0].process, 7U);
  EXPECT_EQ(got->events[1].known, 0U);
  EXPECT_EQ(got->events[2].call.args, (std::array<std::uint64_t, 6>{~0ULL, ~0ULL, 1}));
  EXPECT_TRUE(got->kept.empty());
}

TEST(Records, WhatCannotBeRead) {
  for (const std::string line :
       {"{\"call\":\"opnat\"}", "{\"arch\":\"vax\",\"call\":\"read\"}", "{\"call\":\"read\",\"args\":3}",
        "{\"call\":\"read\",\"args\":[1,2,3,4,5,6,7]}", "{\"call\":\"read\",\"args\":[\"NOPE\"]}",
        "{\"call\":\"read\",\"args\":[1.5]}", "{\"call\":\"read\",\"pid\":\"x\"}", "{\"args\":[]}", "{}", "[]", "7"}) {
    const auto got = read("{\"call\":\"getpid\"}\n" + line + "\n");
    EXPECT_EQ(got->events.size(), 1U) << line;
    EXPECT_EQ(got->diagnostics.error_count(), 1U) << line;
    EXPECT_NE(got->messages().find("log:2:"), std::string::npos) << got->messages();
    EXPECT_NE(got->messages().find("[CG5102]"), std::string::npos) << got->messages();
  }
  EXPECT_TRUE(read("{\"call\":\n")->diagnostics.has_errors());
}

}  // namespace
}  // namespace callgate::preflight
