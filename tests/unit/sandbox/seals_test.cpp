// Plans of seals, as values; live seals, and every step of one made to fail in turn.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/seals.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "base/io.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/guard.h"
#include "sandbox/host_facts.h"
#include "sandbox/supervise.h"
#include "unit/sandbox/seal_runs.h"

namespace callgate::sandbox {
namespace {

using testing::HasSubstr;

TEST(SealPlan, NothingAskedIsNothingDone) {
  EXPECT_EQ(planned({}, root()), Seals{});
}

TEST(SealPlan, AnAdministratorNeedsNoUserNamespace) {
  const Seals seals = planned(process(), root());
  EXPECT_EQ(namespaces_text(seals.namespaces), "pid, ipc, uts, mount");
  EXPECT_THAT(text(seals), testing::Not(HasSubstr("uid_map")));
  EXPECT_TRUE(seals.init);
}

TEST(SealPlan, AnybodyElseMapsHimselfAlone) {
  const Seals seals = planned(process(), somebody());
  EXPECT_EQ(namespaces_text(seals.namespaces), "user, pid, ipc, uts, mount");
  EXPECT_THAT(text(seals), HasSubstr("write 'deny' to /proc/self/setgroups\nwrite '100 100 1' to /proc/self/gid_map\n"
                                     "write '1000 1000 1' to /proc/self/uid_map\n"));
}

TEST(SealPlan, CapabilitiesAreDroppedButForThoseKept) {
  SealRequest request = process();
  request.caps = {"net_raw,CAP_CHOWN"};
  const std::string both = text(planned(request, root()));
  EXPECT_THAT(both, HasSubstr("reduce the bounding set to: CAP_CHOWN, CAP_NET_RAW\n"));
  EXPECT_THAT(both, HasSubstr("reduce init's capabilities to: CAP_CHOWN, CAP_KILL, CAP_NET_RAW\n"));
  EXPECT_THAT(both, HasSubstr("reduce all capability sets to: CAP_CHOWN, CAP_NET_RAW\n"));
  EXPECT_THAT(text(planned(process(), root())), HasSubstr("reduce all capability sets to: none\n"));
}

TEST(SealPlan, FilesAreClosedButForThoseKept) {
  HostFacts host = root();
  host.open_fds = {3, 5, 9};
  SealRequest request = process();
  request.keep_fds = {"9", "3"};
  EXPECT_THAT(text(planned(request, host)), HasSubstr("close the files 4 to 8\nclose the files from 10 on\n"));
  request.keep_fds = {};
  EXPECT_THAT(text(planned(request, host)), HasSubstr("\nclose the files from 3 on\n"));
}

TEST(SealPlan, NonsenseIsRefused) {
  SealRequest request;
  request.seals = {"proces"};
  Refusal refusal = refusal_of(request, root());
  EXPECT_EQ(refusal.id.number, kBadSeal.number);
  EXPECT_EQ(refusal.help, "did you mean 'process'?");
  request = {};
  request.caps = {"chown"};
  EXPECT_THAT(refusal_of(request, root()).message, HasSubstr("nothing is sealed"));
  request = {};
  request.keep_fds = {"3"};
  EXPECT_THAT(refusal_of(request, root()).message, HasSubstr("nothing is sealed"));
  request = process();
  request.caps = {"SYS_ADMIM"};
  EXPECT_EQ(refusal_of(request, root()).message, "'SYS_ADMIM' is no capability");
  request = process();
  for (const char* bad : {"2", "x", "-1", ""}) {
    request.keep_fds = {bad};
    EXPECT_THAT(refusal_of(request, root()).message, HasSubstr("is no file descriptor above 2"));
  }
  request.keep_fds = {"7"};
  EXPECT_EQ(refusal_of(request, root()).message, "file descriptor 7 is not open, so it cannot be kept");
}

TEST(SealPlan, WhatThisMachineLacksIsToldAsSuch) {
  HostFacts host = somebody();
  host.user_namespaces = false;
  EXPECT_EQ(refusal_of(process(), host).id.number, kCannotSeal.number);
  SealRequest request = process();
  request.caps = {"checkpoint_restore"};
  host = root();
  host.last_capability = 39;
  EXPECT_EQ(refusal_of(request, host).message, "this kernel has no CAP_CHECKPOINT_RESTORE");
  host = root();
  host.capabilities = std::uint64_t{1} << CAP_SYS_ADMIN;
  EXPECT_EQ(refusal_of(request, host).id.number, kCannotSeal.number);
}

TEST(SealPlan, WhereProcIsHiddenNoneOfItsOwnIsMade) {
  HostFacts host = somebody();
  host.new_proc = false;
  EXPECT_THAT(refusal_of(process(), host).message, HasSubstr("no /proc of its own"));
  SealRequest request = process();
  request.best_effort = true;
  const Seals seals = planned(request, host);
  EXPECT_THAT(text(seals), Not(HasSubstr("new proc")));
  EXPECT_EQ(seals.missing.size(), 1U);
}

TEST(SealPlan, AKeyringIsNeededWhereKeysCanBeReached) {
  HostFacts host = root();
  EXPECT_THAT(text(planned(process(), host)), HasSubstr("begin a new session keyring\n"));
  host.keyctl = false;  // and so are add_key and request_key, as under Docker's default
  host.other_key_calls = false;
  EXPECT_THAT(text(planned(process(), host)), testing::Not(HasSubstr("keyring")));
  host.other_key_calls = true;
  EXPECT_THAT(refusal_of(process(), host).message, HasSubstr("needs keyctl"));
}

TEST(Guard, NoTypingIntoASharedTerminal) {
  EXPECT_FALSE(guard({}));
  const policy::Policy denied = *guard(planned(process(), root()));
  for (const arch::Arch each : {arch::Arch::x86_64, arch::Arch::x32, arch::Arch::x86}) {
    if (arch::native() != arch::Arch::x86_64) break;
    policy::Call call{arch::info(each).audit, *arch::number(each, "ioctl"), {0, 0x5412}};
    EXPECT_EQ(policy::evaluate(denied, call), policy::make_errno(EPERM));
    call.args[1] |= std::uint64_t{7} << 32;  // not looked at by the kernel
    EXPECT_EQ(policy::evaluate(denied, call), policy::make_errno(EPERM));
    call.args[1] = 0x5413;
    EXPECT_EQ(policy::evaluate(denied, call), policy::kAllow);
  }
}

TEST(SealLive, StatusAndSignalsGoThroughInit) {
  as_both([] {
    EXPECT_EQ(status_of(sealed("exit 7")), 7);
    EXPECT_EQ(status_of(sealed("kill -TERM $$")), 128 + SIGTERM);
    EXPECT_EQ(status_of(sealed_words({"/bin/busybox", "false"}, process())), 1);  // static
    const SignalBlock signals;
    const auto launched = launch(sealed_words({"/bin/sleep", "30"}, process()), signals, false);
    ASSERT_TRUE(launched);
    kill(getpid(), SIGTERM);
    EXPECT_EQ(supervise(*launched).exit_status, 128 + SIGTERM);
  });
}

TEST(SealLive, WhatThePlanSaysIsInForce) {
  as_both([] {
    EXPECT_EQ(status_of(sealed("grep -q '^NSpid:.*[[:space:]]2$' /proc/$$/status || test $$ -eq 2")), 0);
    EXPECT_EQ(
        status_of(sealed("grep -Eq '^CapEff:.0+$' /proc/self/status && grep -Eq '^CapBnd:.0+$' /proc/self/status"
                         " && grep -Eq '^CapInh:.0+$' /proc/self/status && grep -q '^Seccomp:.2' /proc/self/status"
                         " && grep -q '^NoNewPrivs:.1' /proc/self/status")),
        0);
    EXPECT_EQ(status_of(sealed("test $(ulimit -c) = 0")), 0);
    EXPECT_EQ(status_of(sealed("grep -Eq '^SigBlk:.0+$' /proc/self/status")), 0);
    SealRequest request = process();
    request.caps = {"net_raw"};
    EXPECT_EQ(status_of(sealed("grep -q '^CapEff:.0000000000002000$' /proc/self/status &&"
                               " grep -q '^CapAmb:.0000000000002000$' /proc/self/status",
                               request)),
              0);
  });
}

TEST(SealLive, NamespacesAreOthersThanOurs) {
  as_both([] {
    for (const char* which : {"pid", "ipc", "uts", "cgroup", "mnt"}) {
      std::array<char, 64> ours{};
      ASSERT_GT(readlink(("/proc/self/ns/" + std::string(which)).c_str(), ours.data(), ours.size() - 1), 0);
      const std::string link = "readlink /proc/self/ns/" + std::string(which);
      EXPECT_EQ(status_of(sealed("test \"$(" + link + ")\" != '" + ours.data() + "'")), 0) << which;
    }
  });
}

TEST(SealLive, OnlyFilesThatAreKeptStayOpen) {
  const int kept = open("/dev/null", O_RDONLY), other = open("/etc/passwd", O_RDONLY);
  ASSERT_GT(kept, 2);
  SealRequest request = process();
  request.keep_fds = {std::to_string(kept)};
  const std::string script = "test -e /proc/self/fd/" + std::to_string(kept) + " && ! test -e /proc/self/fd/" +
                             std::to_string(other) + " && sleep 0.3 && test -z \"$(ls /proc/1/fd 2>/dev/null)\"";
  EXPECT_EQ(status_of(sealed(script, request)), 0) << script;
  close(kept);
  close(other);
}

TEST(SealLive, KernelFilesAreOutOfReach) {
  as_both([] {
    EXPECT_NE(status_of(sealed("echo h > /proc/sysrq-trigger")), 0);
    EXPECT_NE(status_of(sealed("echo x > /proc/sys/kernel/core_pattern")), 0);
    EXPECT_EQ(status_of(sealed("! test -s /proc/keys && ! test -s /proc/timer_list")), 0);
  });
}

TEST(SealLive, ProcessesOutsideCannotBeSeenOrHurt) {
  as_both([] {
    const std::string pid = std::to_string(getpid());
    EXPECT_EQ(status_of(sealed("! kill -0 " + pid + " && ! test -e /proc/" + pid)), 0);
    EXPECT_EQ(status_of(sealed("test $(ls -d /proc/[0-9]* | wc -l) -le 6")), 0);
    EXPECT_EQ(status_of(sealed("kill -9 1; kill -TERM 1; exit 5")), 5);
    EXPECT_NE(status_of(sealed("cat /proc/1/root/etc/passwd || cat /proc/1/mem || ls /proc/1/fd/0")), 0);
  });
}

TEST(SealLive, EverythingEndsWithTheProgram) {
  as_both([] {
    char mark[] = "/tmp/callgate-seal-XXXXXX";
    close(mkstemp(mark));
    // A daemon of its own session, which would take the mark away.
    EXPECT_EQ(status_of(sealed("(setsid sh -c 'sleep 1; rm " + std::string(mark) + "') & exit 4")), 4);
    sleep(2);
    EXPECT_EQ(unlink(mark), 0) << "the daemon lived on";
  });
}

TEST(SealLive, OrphansAreReaped) {
  EXPECT_EQ(status_of(sealed("sh -c '(true) & (true) & (exit 3) &'; sleep 0.3;"
                             " ! grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null")),
            0);
}

TEST(SealLive, TheSandboxEndsWithItsLauncher) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t launcher = fork();
  ASSERT_GE(launcher, 0);
  if (launcher == 0) {
    SealRequest request = process();
    request.keep_fds = {std::to_string(ends[1])};
    const SignalBlock signals;
    const auto launched = launch(sealed_words({"/bin/sleep", "60"}, request), signals, false);
    raise(SIGKILL);
    _exit(launched ? 1 : 2);
  }
  waitpid(launcher, nullptr, 0);
  close(ends[1]);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);  // the last holder of the other end is gone
  close(ends[0]);
}

Report traced(const std::string& script) {
  Plan plan = sealed(script);
  plan.filter = deny("sethostname", bpf::kRetKillProcess);
  const SignalBlock signals;
  const auto launched = launch(plan, signals, true);
  EXPECT_TRUE(launched);
  return launched ? supervise_traced(*launched, *plan.filter) : Report{};
}

TEST(SealLive, FatalCallsAreNamedBehindInitToo) {
  as_both([] {
    EXPECT_EQ(traced("exit 7").ended.exit_status, 7);
    EXPECT_EQ(traced("kill -TERM $$").ended.exit_status, 128 + SIGTERM);
    const Report program = traced("exec busybox hostname x");
    EXPECT_EQ(program.ended.exit_status, 128 + SIGSYS);
    ASSERT_EQ(program.killed.size(), 1U);
    EXPECT_TRUE(program.killed[0].whole_program);
    EXPECT_EQ(program.killed[0].nr, *arch::number(arch::native(), "sethostname"));
    const Report child = traced("busybox hostname x; exit 3");
    EXPECT_EQ(child.ended.exit_status, 3);
    ASSERT_EQ(child.killed.size(), 1U);
    EXPECT_FALSE(child.killed[0].whole_program);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  });
}

TEST(SealLive, FailuresOfThePrograms) {
  as_both([] {
    const SignalBlock signals;
    const auto missing = launch(sealed_words({"/nonexistent"}, process()), signals, false);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), (Failure{Stage::exec, ENOENT, 0}));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  });
}

TEST(SealFaults, EachStepFailsInTurn) {
  as_both([] { fail_each_step(process()); });
}

int g_clones = 0;

TEST(SealFaults, OtherStagesFailUnderSealsToo) {
  Kernel kernel = real_kernel();
  kernel.clone = [](int (*)(void*), void*, int, void*) -> pid_t { return -EPERM; };
  const SignalBlock signals;
  const Plan plan = sealed("exit 0");
  const auto forbidden = launch(plan, signals, false, kernel);
  ASSERT_FALSE(forbidden);
  EXPECT_THAT(describe(forbidden.error(), "sh", plan.seals).help, HasSubstr("forbids them"));
  kernel.clone = [](int (*body)(void*), void* top, int flags, void* argument) -> pid_t {
    return ++g_clones == 1 ? real_kernel().clone(body, top, flags, argument) : -EAGAIN;
  };
  const auto no_program = launch(plan, signals, false, kernel);
  ASSERT_FALSE(no_program);
  EXPECT_EQ(no_program.error(), (Failure{Stage::init, EAGAIN, 0}));
  kernel = real_kernel();
  kernel.await_end = [](int) { return -EIO; };
  EXPECT_EQ(status_of(plan, kernel), -static_cast<int>(Stage::init));
  kernel = real_kernel();
  kernel.no_new_privs = [] { return -EINVAL; };
  EXPECT_EQ(status_of(plan, kernel), -static_cast<int>(Stage::no_new_privs));
  kernel = real_kernel();
  kernel.load_filter = [](std::uint32_t, std::span<const bpf::Insn>) { return -ENOMEM; };
  EXPECT_EQ(status_of(plan, kernel), -static_cast<int>(Stage::filter));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace callgate::sandbox
