// SPDX-License-Identifier: Apache-2.0
#include "why/evidence.h"

#include <gtest/gtest.h>

#include "arch/calls.h"
#include "policy/builder.h"

namespace callgate::why {
namespace {

policy::SyscallNr nr(std::string_view name) {
  return arch::number(arch::Arch::x86_64, name).value();
}

Journal read(const std::string& text, const preflight::Judge& judge = {}) {
  Journal journal;
  const base::SourceFile file("log", text);
  preflight::KeptLines kept;
  base::Diagnostics diagnostics;
  read_recording(file, judge, journal, kept, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  return journal;
}

preflight::Judge refusing(std::string_view name, policy::Action action) {
  const policy::SyscallNr refused = nr(name);
  return [=](const policy::Call& call, std::uint8_t) {
    return preflight::Verdict{call.nr == refused ? action : policy::kAllow, true};
  };
}

TEST(Recording, ADenialIsARefusalThatFailedJustSo) {
  const auto judge = refusing("unlink", policy::make_errno(13));
  EXPECT_EQ(read("unlink(\"/x\") = -1 EACCES (Permission denied)\n", judge).denials().size(), 1U);
  EXPECT_TRUE(read("unlink(\"/x\") = -1 ENOENT (No such file)\n", judge).denials().empty());
  EXPECT_TRUE(read("unlink(\"/x\") = 0\n", judge).denials().empty());
  EXPECT_TRUE(read("rmdir(\"/x\") = -1 EACCES (Permission denied)\n", judge).denials().empty());
}

TEST(Recording, SigsysTellsByItself) {
  const Journal killed = read("7 getpid() = 7\n7 unlink(\"/x\" <unfinished ...>\n7 +++ killed by SIGSYS +++\n");
  ASSERT_EQ(killed.denials().size(), 1U);
  EXPECT_EQ(killed.denials()[0].call.nr, nr("unlink"));
  EXPECT_EQ(killed.denials()[0].action, policy::kKillProcess);
  EXPECT_EQ(killed.denials()[0].shown, "unlink(\"/x\")");
  EXPECT_EQ(killed.denials()[0].next, "killed by SIGSYS");
  EXPECT_EQ(killed.denials()[0].place, "log:2");
  // A signal that another process sent is none of a filter.
  EXPECT_TRUE(
      read("7 pause() = ? ERESTARTNOHAND\n7 --- SIGSYS {si_signo=SIGSYS, si_code=SI_USER} ---\n").denials().empty());
  const Journal trapped = read(
      "7 getppid() = 110\n7 --- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_syscall=__NR_getppid} ---\n"
      "7 rt_sigreturn({mask=[]}) = 110\n7 +++ exited with 3 +++\n");
  ASSERT_EQ(trapped.denials().size(), 1U);
  EXPECT_EQ(trapped.denials()[0].action->kind, policy::ActionKind::trap);
  EXPECT_EQ(trapped.denials()[0].next, "called rt_sigreturn, then exited with 3");
}

TEST(Recording, BacktracesBelongToTheirCall) {
  const Journal journal = read(
      "getpid() = 1\n > /l/a.so(allowed+0x1) [0x2]\n"
      "unlink(\"/x\") = -1 EPERM (x)\n > /l/libc.so.6(__unlink+0x7) [0xcd2b7]\n > /bin/app() [0x1149]\ngetpid() = 1\n");
  ASSERT_EQ(journal.denials().size(), 1U);
  const auto& frames = journal.denials()[0].backtrace;
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(describe(frames[0]), "__unlink+0x7 (libc.so.6)");
  EXPECT_EQ(describe(frames[1]), "0x1149 (app)");
  EXPECT_EQ(journal.denials()[0].next, "called getpid");
}

TEST(Records, EachEventOnceAndOneProcessAlone) {
  const std::string line =
      "audit: type=1326 audit(1.2:3): auid=0 uid=0 gid=0 ses=1 pid=7 comm=\"x\" exe=\"/x\" sig=31 arch=c000003e "
      "syscall=17 compat=0 ip=0x1000 code=0x80000000\n";
  std::string next = line;
  next.replace(next.find("2:3"), 3, "2:4");
  Journal journal;
  EXPECT_EQ(read_audit(line + line + next + "other\n", journal), 2U);
  ASSERT_EQ(journal.denials().size(), 1U);
  EXPECT_EQ(journal.denials()[0].count, 2U);
  EXPECT_EQ(journal.denials()[0].known, 0U);
  EXPECT_EQ(text(journal.denials()[0]), "pread64(fd=?, buf=?, count=?, pos=?)");
  Journal other;
  EXPECT_EQ(read_audit(line, other, 8), 0U);
}

}  // namespace
}  // namespace callgate::why
