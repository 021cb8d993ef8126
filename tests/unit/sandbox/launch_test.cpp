// Live launches, and every step of one made to fail in turn.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/launch.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include "sandbox/diagnostic_ids.h"
#include "sandbox/supervise.h"
#include "support/i386.h"
#include "unit/sandbox/filters.h"

namespace callgate::sandbox {
namespace {

Plan plan_for(std::vector<std::string> argv, std::optional<bpf::Program> filter = std::nullopt) {
  Plan plan;
  plan.program = argv[0];
  plan.argv = std::move(argv);
  plan.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  plan.filter = std::move(filter);
  return plan;
}

int status_of(const Plan& plan) {
  const SignalBlock signals;
  const auto launched = launch(plan, signals, false);
  EXPECT_TRUE(launched) << name(launched.error().stage) << ' ' << launched.error().os_errno;
  return launched ? supervise(launched->pid()).exit_status : -1;
}

Report traced(const Plan& plan) {
  const SignalBlock signals;
  const auto launched = launch(plan, signals, true);
  EXPECT_TRUE(launched);
  return launched ? supervise_traced(*launched, *plan.filter) : Report{};
}

std::size_t open_files() {
  std::size_t count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

TEST(Launch, PassesTheStatusThrough) {
  EXPECT_EQ(status_of(plan_for({"/bin/sh", "-c", "exit 7"})), 7);
  EXPECT_EQ(status_of(plan_for({"/bin/sh", "-c", "exit 7"}, deny("mount", bpf::kRetErrno | 1))), 7);
  EXPECT_EQ(status_of(plan_for({"/bin/sh", "-c", "kill -9 $$"})), 128 + SIGKILL);
  EXPECT_EQ(status_of(plan_for({"/bin/busybox", "false"}, deny("mount", bpf::kRetErrno | 1))), 1);  // static
}

TEST(Launch, TheFilterAndNoNewPrivsAreInForce) {
  EXPECT_EQ(status_of(plan_for({"/bin/grep", "-q", "^Seccomp:.2", "/proc/self/status"}, deny("mount", 0))), 0);
  EXPECT_EQ(status_of(plan_for({"/bin/grep", "-q", "^NoNewPrivs:.1", "/proc/self/status"}, deny("mount", 0))), 0);
  EXPECT_EQ(status_of(plan_for({"/bin/grep", "-q", "^Seccomp:.0", "/proc/self/status"})), 0);
}

TEST(Launch, ScriptsWithoutAnInterpreterLineRunInTheShell) {
  char path[] = "/tmp/callgate-script-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(write(fd, "exit $1\n", 8), 8);
  ASSERT_EQ(fchmod(fd, 0755), 0);
  close(fd);
  Plan plan = plan_for({path, "9"});
  EXPECT_EQ(status_of(plan), 9);
  unlink(path);
}

TEST(Launch, SignalsAreForwarded) {
  const SignalBlock signals;
  const auto launched = launch(plan_for({"/bin/sleep", "30"}), signals, false);
  ASSERT_TRUE(launched);
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);  // blocked here: it waits for supervise()
  EXPECT_EQ(supervise(launched->pid()).exit_status, 128 + SIGTERM);
}

TEST(Launch, TheChildHasTheSignalMaskOfBefore) {
  EXPECT_EQ(status_of(plan_for({"/bin/grep", "-Eq", "^SigBlk:.0+$", "/proc/self/status"})), 0);
}

TEST(Launch, NothingLeaksIntoTheChildOrStaysHere) {
  const std::size_t before = open_files();
  const std::string count = "test $(ls /proc/self/fd | wc -l) -le " + std::to_string(before);
  EXPECT_EQ(status_of(plan_for({"/bin/sh", "-c", count}, deny("mount", 0))), 0);
  traced(plan_for({"/bin/true"}, deny("mount", 0)));
  EXPECT_EQ(open_files(), before);
}

TEST(Launch, TellsWhyExecFailed) {
  const SignalBlock signals;
  const auto missing = launch(plan_for({"/nonexistent"}), signals, false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), (Failure{Stage::exec, ENOENT, 0}));
  EXPECT_EQ(describe(missing.error(), "/nonexistent").exit_status, kExitNotFound);
  const auto forbidden = launch(plan_for({"/etc/passwd"}), signals, false);
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(describe(forbidden.error(), "x").exit_status, kExitNotExecutable);
}

TEST(Launch, AFilterThatForbidsEverythingIsToldAllTheSame) {
  const bpf::Program nothing{{bpf::op::kRetK, 0, 0, bpf::kRetErrno | EPERM}};
  const SignalBlock signals;
  const auto launched = launch(plan_for({"/bin/true"}, nothing), signals, false);
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error(), (Failure{Stage::exec, EPERM, 0}));
}

// One step fails; no child may stay behind.
void expect_failure(const Kernel& kernel, bool with_tracer, Failure expected) {
  const std::size_t before = open_files();
  {
    const SignalBlock signals;
    const auto launched = launch(plan_for({"/bin/true"}, deny("mount", 0)), signals, with_tracer, kernel);
    if (with_tracer && launched) {
      EXPECT_EQ(supervise_traced(*launched, {}).ended.exit_status, kExitOwnFailure);
      EXPECT_EQ(launched->failure(), expected);
      EXPECT_EQ(describe(launched->failure(), "x").id.number, kStepFailed.number);
    } else {
      ASSERT_FALSE(launched);
      EXPECT_EQ(launched.error(), expected);
    }
  }
  EXPECT_EQ(open_files(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(LaunchFaults, EachStepFailsInTurn) {
  for (const bool with_tracer : {false, true}) {
    Kernel kernel = real_kernel();
    kernel.clone = [](int (*)(void*), void*, int, void*) -> pid_t { return -EAGAIN; };
    expect_failure(kernel, with_tracer, {Stage::clone, EAGAIN, 0});
    kernel = real_kernel();
    kernel.set_mask = [](const sigset_t*) { return -EINVAL; };
    expect_failure(kernel, with_tracer, {Stage::signals, EINVAL, 0});
    kernel = real_kernel();
    kernel.no_new_privs = [] { return -EPERM; };
    expect_failure(kernel, with_tracer, {Stage::no_new_privs, EPERM, 0});
    kernel = real_kernel();
    kernel.load_filter = [](std::uint32_t, std::span<const bpf::Insn>) { return -ENOMEM; };
    expect_failure(kernel, with_tracer, {Stage::filter, ENOMEM, 0});
  }
  Kernel kernel = real_kernel();
  kernel.exec = [](const char*, char* const*, char* const*) { return -ELOOP; };
  expect_failure(kernel, false, {Stage::exec, ELOOP, 0});
  kernel = real_kernel();
  kernel.seize = [](pid_t) { return -EPERM; };
  expect_failure(kernel, true, {Stage::trace, EPERM, 0});
  kernel = real_kernel();
  // Before it is traced, or once it is.
  kernel.await_tracer = [](int) { return -EPIPE; };
  kernel.seize = [](pid_t child) {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    return real_kernel().seize(child);
  };
  expect_failure(kernel, true, {Stage::trace, EPIPE, 0});
  kernel.seize = real_kernel().seize;
  kernel.await_tracer = [](int end) { return static_cast<void>(real_kernel().await_tracer(end)), -EPIPE; };
  expect_failure(kernel, true, {Stage::trace, EPIPE, 0});
}

TEST(LaunchFaults, AFilterThatTheKernelRefusesIsToldWithItsErrno) {
  const SignalBlock signals;
  const bpf::Program bad{{bpf::op::kLdAbs, 0, 0, 64}, {bpf::op::kRetK, 0, 0, bpf::kRetAllow}};
  const auto launched = launch(plan_for({"/bin/true"}, bad), signals, false);
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error(), (Failure{Stage::filter, EINVAL, 0}));
}

TEST(Traced, NamesTheFatalCallForEachWayToDie) {
  for (const std::uint32_t value : {bpf::kRetKillProcess, bpf::kRetKillThread, bpf::kRetTrap}) {
    const Report report = traced(plan_for({"/bin/pwd"}, deny("getcwd", value)));
    EXPECT_EQ(report.ended.signal, SIGSYS);
    ASSERT_EQ(report.killed.size(), 1U);
    EXPECT_TRUE(report.killed[0].whole_program);
    EXPECT_EQ(report.killed[0].action, policy::from_return_value(value));
    EXPECT_EQ(report.killed[0].nr, *arch::number(arch::native(), "getcwd"));
    EXPECT_NE(describe(report.killed[0]).find("'pwd' was killed by the filter: call getcwd ("), std::string::npos);
  }
}

TEST(Traced, NamesChildrenThatDied) {
  const Report report = traced(plan_for({"/bin/sh", "-c", "/bin/pwd; exit 3"}, deny("getcwd", bpf::kRetKillProcess)));
  // The shell itself may ask for its directory; then it dies first.
  ASSERT_EQ(report.killed.size(), 1U);
  EXPECT_EQ(report.killed[0].nr, *arch::number(arch::native(), "getcwd"));
  EXPECT_EQ(report.killed[0].whole_program, report.ended.signal == SIGSYS);
}

TEST(Traced, SaysNothingOfProgramsThatLive) {
  const Report report = traced(
      plan_for({"/bin/sh", "-c", "(exit 1); (sleep 0.05; kill -CONT $$) & kill -STOP $$; exit 4"}, deny("mount", 0)));
  EXPECT_EQ(report.ended.exit_status, 4);
  EXPECT_TRUE(report.killed.empty());
}

// What follows runs inside a forked copy of this program, traced by it.
pid_t start_copy(const Kernel& kernel, const bpf::Program& filter, const SignalBlock& signals,
                 std::optional<Launched>& out) {
  auto launched = launch(plan_for({"/bin/true"}, filter), signals, true, kernel);
  if (!launched) return -1;
  out.emplace(std::move(*launched));
  return out->pid();
}

TEST(Traced, NamesAThreadThatDiedAlone) {
  Kernel kernel = real_kernel();
  kernel.exec = [](const char*, char* const*, char* const*) -> int {
    std::thread([] { syscall(SYS_getcwd, nullptr, 0); }).join();
    _exit(5);
  };
  // KILL_THREAD ends a thread that std::thread waits for: the kernel clears its id, so join() returns.
  const bpf::Program filter = deny("getcwd", bpf::kRetKillThread);
  const SignalBlock signals;
  std::optional<Launched> child;
  ASSERT_GT(start_copy(kernel, filter, signals, child), 0);
  const Report report = supervise_traced(*child, filter);
  EXPECT_EQ(report.ended.exit_status, 5);
  ASSERT_EQ(report.killed.size(), 1U);
  EXPECT_FALSE(report.killed[0].whole_program);
  EXPECT_EQ(report.killed[0].action, policy::kKillThread);
}

#if defined(__x86_64__)
TEST(Traced, NamesCallsMadeAsI386) {
  Kernel kernel = real_kernel();
  kernel.exec = [](const char*, char* const*, char* const*) -> int {
    long answer = 20;  // getpid
    asm volatile("int $0x80" : "+a"(answer) : : "memory");
    _exit(5);
  };
  const bpf::Program filter = deny_i386(20, bpf::kRetKillProcess);
  const SignalBlock signals;
  std::optional<Launched> child;
  ASSERT_GT(start_copy(kernel, filter, signals, child), 0);
  const Report report = supervise_traced(*child, filter);
  ASSERT_EQ(report.killed.size(), test_support::runs_i386() ? 1U : 0U);
  if (report.killed.empty()) return;
  EXPECT_EQ(report.killed[0].audit, 0x40000003U);
  EXPECT_EQ(report.killed[0].nr, 20U);
}
#endif

// The kernel prints at most ten such records in five seconds (DEFAULT_RATELIMIT_BURST and _INTERVAL in
// linux/ratelimit_types.h) and drops the others, so this tries through three such windows.
TEST(KernelLogLive, HasTheFatalCall) {
  const auto log = KernelLog::open();
  if (!log) GTEST_SKIP() << "the kernel log cannot be read here";
  std::optional<AuditRecord> record;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(16);
  while (!record && std::chrono::steady_clock::now() < deadline) {
    const SignalBlock signals;
    const auto launched = launch(plan_for({"/bin/pwd"}, deny("getcwd", bpf::kRetKillProcess)), signals, false);
    ASSERT_TRUE(launched);
    EXPECT_EQ(supervise(launched->pid()).signal, SIGSYS);
    record = log->find_kill(launched->pid());
  }
  ASSERT_TRUE(record);
  EXPECT_EQ(record->nr, *arch::number(arch::native(), "getcwd"));
  EXPECT_EQ(record->comm, "pwd");
}

// What a filter around us does to a launch, in a copy of this program that is under it.
template <class Body>
int under(const bpf::Program& outer, const Body& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || real_kernel().load_filter(0, outer) != 0) _exit(100);
    _exit(body() ? 42 : 101);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WEXITSTATUS(status);
}

TEST(OuterFilter, ThatKillsAtAStageIsTold) {
  for (const std::uint32_t value : {bpf::kRetKillProcess, bpf::kRetKillThread, bpf::kRetTrap})
    for (const bool with_tracer : {false, true}) {
      const auto fails_at = [&](Stage stage) {
        return [=] {
          const SignalBlock signals;
          const auto launched = launch(plan_for({"/bin/true"}, deny("mount", 0)), signals, with_tracer);
          const Failure failure =
              launched ? failure_of(*launched, supervise_traced(*launched, {}).ended) : launched.error();
          const Refusal refusal = describe(failure, "true");
          return failure == Failure{stage, 0, 0, SIGSYS} && refusal.id.number == kStepFailed.number &&
                 refusal.message.find("killed by SIGSYS") != std::string::npos;
        };
      };
      EXPECT_EQ(under(deny("seccomp", value), fails_at(Stage::filter)), 42) << with_tracer;
      EXPECT_EQ(under(deny("prctl", value), fails_at(Stage::no_new_privs)), 42) << with_tracer;
#if defined(__x86_64__)  // elsewhere vfork is clone(2), too, and nobody is left to tell
      EXPECT_EQ(under(deny("clone", value), fails_at(Stage::clone)), 42) << with_tracer;
#endif
    }
}

TEST(OuterFilter, ThatKillsExecveIsToldFromTheProgramsOwnDeath) {
  const auto failure = [](const Seals& seals, bpf::Program filter) {
    Plan plan = plan_for({"/bin/pwd"}, std::move(filter));
    plan.seals = seals;
    const SignalBlock signals;
    const auto launched = launch(plan, signals, false);
    return launched ? failure_of(*launched, supervise(*launched)) : launched.error();
  };
  for (const bool init : {false, true}) {
    Seals seals;
    seals.init = init;
    const auto at_exec = [&] { return failure(seals, deny("mount", 0)) == Failure{Stage::exec, 0, 0, SIGSYS}; };
    EXPECT_EQ(under(deny("execve", bpf::kRetKillProcess), at_exec), 42) << init;
    EXPECT_EQ(failure(seals, deny("getcwd", bpf::kRetKillProcess)), Failure{}) << init;
  }
}

TEST(Cgroups, WhatCannotBeRemovedIsTold) {
  char path[] = "/tmp/callgate-stays-XXXXXX";
  ASSERT_NE(mkdtemp(path), nullptr);
  const std::string inside = std::string(path) + "/inside";
  ASSERT_EQ(mkdir(inside.c_str(), 0755), 0);
  Cgroups groups;
  groups.add(path);
  EXPECT_EQ(groups.remove(),
            "the cgroup " + std::string(path) + " could not be removed: directory not empty (ENOTEMPTY)");
  EXPECT_EQ(groups.remove(), "");
  ASSERT_EQ(rmdir(inside.c_str()), 0);
  groups.add(path);
  EXPECT_EQ(groups.remove(), "");
  EXPECT_EQ(rmdir(path), -1);
  Failure failure{Stage::clone, EAGAIN};
  failure.left = "the cgroup X could not be removed: no";
  EXPECT_NE(describe(failure, "true").message.find("; the cgroup X"), std::string::npos);
}

TEST(Supervise, AnEndThatCannotBeWaitedForIsTold) {
  const auto told = [] {
    const SignalBlock signals;
    const auto launched = launch(plan_for({"/bin/true"}), signals, false);
    if (!launched) return false;
    const Ended ended = supervise(*launched);
    return ended.wait_errno == ENOSYS && ended.exit_status == kExitOwnFailure &&
           describe_wait(ended, "true").message.find("ENOSYS") != std::string::npos;
  };
  EXPECT_EQ(under(deny("wait4", bpf::kRetErrno | ENOSYS), told), 42);
}

TEST(Unprivileged, AnybodyCanRunUnderAFilter) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(100);
    prctl(PR_SET_DUMPABLE, 1);  // a change of identity without exec forbids tracing
    const Plan plan = plan_for({"/bin/pwd"}, deny("getcwd", bpf::kRetKillProcess));
    const Report report = traced(plan);
    const bool named = report.killed.size() == 1 && report.killed[0].whole_program;
    _exit(named && status_of(plan) == 128 + SIGSYS ? 42 : 101);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace callgate::sandbox
