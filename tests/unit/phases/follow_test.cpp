// Every step of a switch fails in turn: the program either gets its stricter filter, or does not live to make the call
// that only the first phase grants.
// SPDX-License-Identifier: Apache-2.0
#include "phases/follow.h"

#include <gtest/gtest.h>

#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>

#include "arch/calls.h"
#include "compile/compile.h"
#include "policy/builder.h"

namespace callgate::phases {
namespace {

policy::Policy all_but(std::string_view name) {
  policy::Builder builder(policy::kAllow);
  for (const arch::Arch each : {arch::Arch::x86_64, arch::Arch::x86}) {
    builder.arch(arch::info(each).audit, policy::kAllow);
    builder.call(arch::info(each).audit, *arch::number(each, name), policy::make_errno(EPERM));
  }
  return builder.finish();
}

bpf::Program compiled(const policy::Policy& policy) {
  auto out = compile::compile(policy, {});
  EXPECT_TRUE(out);
  return out ? out->program : bpf::Program{};
}

class FollowTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!tracee::host::can_inject()) GTEST_SKIP() << "calls are injected on x86_64 alone";
    char name[] = "/tmp/callgate-phases-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    rmdir((directory_ + "/made").c_str());
    rmdir(directory_.c_str());
  }
  // A shell that comes to its marker, then makes a directory, which the second phase refuses.
  sandbox::Plan plan(const std::string& commands) {
    change_.at = *parse_switch_point("marker", "next");
    change_.next.grant = *random_grant(0);
    change_.next.policy = all_but("mkdir");
    change_.next.program = compiled(change_.next.policy);
    sandbox::Plan plan;
    plan.program = "/bin/sh";
    plan.argv = {"sh", "-c", commands};
    plan.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    plan.filter = compiled(*with_grant(all_but("mount"), change_.next.grant));
    return plan;
  }
  Outcome run(const sandbox::Plan& plan, const tracee::Ptrace& kernel = tracee::real_ptrace()) {
    const sandbox::SignalBlock signals;
    const auto launched = sandbox::launch(plan, signals, true, following(sandbox::real_kernel()));
    EXPECT_TRUE(launched);
    if (!launched) return {};
    Outcome outcome = follow(*launched, change_, kernel);
    if (!outcome.ended) outcome.ended = sandbox::supervise(*launched);
    return outcome;
  }
  bool made() const {
    struct stat info{};
    return stat((directory_ + "/made").c_str(), &info) == 0;
  }
  std::string mkdir_in_c() const { return "test -e /callgate:next; mkdir " + directory_ + "/made 2>/dev/null"; }

  std::string directory_;
  Switch change_;
};

TEST_F(FollowTest, ThePhaseHoldsForTheProgramAndItsLaterChildren) {
  const Outcome outcome = run(plan(mkdir_in_c()));
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.switched, 1U);
  EXPECT_EQ(outcome.ended->exit_status, 1);
  EXPECT_FALSE(made());
}

TEST_F(FollowTest, WithoutTheMarkerNothingChanges) {
  const Outcome outcome = run(plan("mkdir " + directory_ + "/made"));
  EXPECT_EQ(outcome.switched, 0U);
  EXPECT_EQ(outcome.ended->exit_status, 0);
  EXPECT_TRUE(made());
}

TEST_F(FollowTest, AFilterThatTheKernelRefusesEndsTheProgram) {
  sandbox::Plan plan = this->plan(mkdir_in_c());
  change_.next.program = {{bpf::op::kLdAbs, 0, 0, 0}};  // does not return
  const Outcome outcome = run(plan);
  EXPECT_NE(outcome.failure, "");
  EXPECT_EQ(outcome.ended->signal, SIGKILL);
  EXPECT_FALSE(made());
}

// Which requests are counted, and what the failing one answers.
int g_left = 0, g_errno = 0;
long counted(int request, pid_t tid, std::uintptr_t address, void* data) {
  if (g_left-- != 0) return tracee::real_ptrace().request(request, tid, address, data);
  if (g_errno == ESRCH) kill(tid, SIGKILL);  // what it means
  return -g_errno;
}
ssize_t counted_write(pid_t tid, std::uint64_t address, const void* from, std::size_t bytes) {
  return g_left-- != 0 ? tracee::real_ptrace().write_memory(tid, address, from, bytes) : -g_errno;
}

TEST_F(FollowTest, EachStepFailsInTurn) {
  // What comes before a switch are hundreds of stops of the same kind: the program is as short as can be.
  const sandbox::Plan plan = this->plan(mkdir_in_c());
  tracee::Ptrace kernel = tracee::real_ptrace();
  kernel.request = counted;
  kernel.write_memory = counted_write;
  g_errno = EIO;
  constexpr int kPlenty = 1 << 20;
  g_left = kPlenty;
  run(plan, kernel);
  const int steps = kPlenty - g_left;
  ASSERT_GT(steps, 50);
  // The last forty are those of the switch itself; of the stops before, a sample.
  for (const int error : {EIO, ESRCH})
    for (int step = 0; step < steps + 1; step += step < steps - 45 ? 37 : 1) {
      g_errno = error;
      g_left = step;
      const Outcome outcome = run(plan, kernel);
      const bool whole = g_left >= 0;
      EXPECT_FALSE(made()) << step;
      if (whole) {
        EXPECT_EQ(outcome.switched, 1U) << step;
        continue;
      }
      EXPECT_TRUE(outcome.switched == 1 || !outcome.failure.empty() || outcome.ended->signal == SIGKILL)
          << step << ' ' << outcome.failure;
      ASSERT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << step;
    }
}

}  // namespace
}  // namespace callgate::phases
