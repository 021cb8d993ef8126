// Records programs that make calls in ways that recorders miss (record_workload.cpp), and looks for each of them.
// SPDX-License-Identifier: Apache-2.0
#include "record/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "arch/calls.h"
#include "recording/file.h"

namespace callgate::record {
namespace {

using recording::Call;
using recording::Run;
using testing::ElementsAre;

constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;

struct Wanted {
  Keep keep;
  Method method = Method::ebpf;
};

Run recorded(std::vector<std::string> words, const Wanted& wanted = {}) {
  Request request;
  request.plan.program = CALLGATE_RECORD_WORKLOAD;
  request.plan.argv = {request.plan.program};
  request.plan.argv.insert(request.plan.argv.end(), words.begin(), words.end());
  request.plan.environment = {"PATH=/usr/bin:/bin"};
  request.keep = wanted.keep;
  request.method = wanted.method;
  const auto outcome = record(request, sandbox::real_kernel());
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    return {};
  }
  EXPECT_TRUE(outcome->run.complete);
  return outcome->run;
}

const Call* find(const Run& run, arch::AuditArch audit, arch::SyscallNr nr) {
  const auto found = std::ranges::find_if(run.calls, [&](const Call& c) { return c.audit == audit && c.nr == nr; });
  return found == run.calls.end() ? nullptr : &*found;
}

const Call* find(const Run& run, std::string_view name) {
  return find(run, kNative, arch::number(arch::Arch::x86_64, name).value());
}

bool has(const Run& run, std::string_view name) {
  return find(run, name) != nullptr;
}

class LiveRecord : public testing::Test {
 protected:
  void SetUp() override {
    // For developers without rights; continuous integration is root, and counts a skip as a failure.
    if (const auto probe = Ebpf::attach({}); !probe) GTEST_SKIP() << probe.error().message;
  }
};

TEST_F(LiveRecord, EveryNumberOfBothTables) {
  const recording::Run run = recorded({"sweep"});
  EXPECT_EQ(run.exit_status, 0);
  for (arch::SyscallNr nr = 0; nr <= 470; ++nr) {
    EXPECT_TRUE(nr == 162 || find(run, kNative, nr) != nullptr) << "x86_64 " << nr;
    EXPECT_TRUE(nr == 36 || find(run, kCompat, nr) != nullptr) << "x86 " << nr;
  }
  EXPECT_FALSE(has(run, "sync"));
}

TEST_F(LiveRecord, NumbersThatNoTableHolds) {
  const recording::Run run = recorded({"odd-numbers"});
  for (const arch::SyscallNr nr : {0x40000027U, 999U, 0xffffffffU, 511U, 512U})
    EXPECT_NE(find(run, kNative, nr), nullptr) << nr;
  EXPECT_NE(find(run, kCompat, 998), nullptr);
  EXPECT_EQ(find(run, kNative, 998), nullptr);
}

TEST_F(LiveRecord, FromTheExecveOnAndNothingBefore) {
  const recording::Run run = recorded({"nothing"});
  ASSERT_TRUE(has(run, "execve"));
  EXPECT_EQ(find(run, "execve")->counts[0], 1U);
  EXPECT_FALSE(has(run, "rt_sigprocmask")) << "the launch's own call";
  EXPECT_TRUE(has(run, "exit_group"));
  EXPECT_EQ(run.tasks, 1U);
  ASSERT_EQ(run.images.size(), 1U);
  EXPECT_EQ(run.images[0].path, CALLGATE_RECORD_WORKLOAD);
}

TEST_F(LiveRecord, Children) {
  const recording::Run run = recorded({"forks"});
  EXPECT_TRUE(has(run, "vfork"));
  EXPECT_TRUE(has(run, "getpriority")) << "by a thread";
  EXPECT_EQ(find(run, "execve")->counts[0], 2U);
  EXPECT_EQ(run.tasks, 4U);
  EXPECT_EQ(run.images.size(), 2U);
}

TEST_F(LiveRecord, ThreadThatExecutes) {
  const recording::Run run = recorded({"thread-executes"});
  EXPECT_TRUE(has(run, "getpriority"));
}

TEST_F(LiveRecord, DaemonThatOutlivesTheProgram) {
  const recording::Run run = recorded({"daemon"});
  EXPECT_TRUE(has(run, "personality"));
  EXPECT_TRUE(run.finished);
}

TEST_F(LiveRecord, DeniedCalls) {
  EXPECT_FALSE(has(recorded({"denied"}), "getpriority"));
  const recording::Run run = recorded({"denied"}, {{false, true}});
  ASSERT_TRUE(has(run, "getpriority"));
  EXPECT_EQ(find(run, "getpriority")->denied, -77);
  EXPECT_TRUE(std::ranges::none_of(run.calls, [](const Call& call) {
    return call.denied && call.nr != *arch::number(arch::Arch::x86_64, "getpriority");
  })) << "only that one was";
  EXPECT_TRUE(std::ranges::find(run.blind, recording::Blind::denied) == run.blind.end());
}

TEST_F(LiveRecord, DeniedByDeath) {
  const recording::Run run = recorded({"killed"}, {{false, true}});
  EXPECT_EQ(run.signal, SIGSYS);
  ASSERT_TRUE(has(run, "getpriority"));
  EXPECT_TRUE(find(run, "getpriority")->denied);
}

TEST_F(LiveRecord, LeavingTheCgroup) {
  // A cgroup to go to: any that this machine lets us make.
  for (const std::string root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
    const std::string other = root + "/callgate-record-test-" + std::to_string(getpid());
    if (access((root + "/cgroup.procs").c_str(), W_OK) != 0 || mkdir(other.c_str(), 0700) != 0) continue;
    const recording::Run run = recorded({"leave-cgroup", other + "/cgroup.procs"});
    rmdir(other.c_str());
    EXPECT_EQ(run.exit_status, 0);
    EXPECT_TRUE(has(run, "getpriority"));
    return;
  }
  GTEST_SKIP() << "no cgroup can be made here: no hierarchy is mounted that we may write to";
}

TEST_F(LiveRecord, OperationsOfIoUring) {
  const recording::Run run = recorded({"uring"});
  if (run.exit_status == 8) GTEST_SKIP() << "io_uring is not in this kernel, or kernel.io_uring_disabled forbids it";
  ASSERT_EQ(run.exit_status, 0);
  EXPECT_FALSE(has(run, "socket"));
  ASSERT_EQ(run.uring.size(), 1U);
  EXPECT_EQ(run.uring[0].opcode, 45);
}

TEST_F(LiveRecord, VsyscallPage) {
  const recording::Run run = recorded({"vsyscall"});
  if (run.signal == SIGSEGV) GTEST_SKIP() << "this kernel was started with vsyscall=none";
  ASSERT_TRUE(has(run, "time"));
  EXPECT_TRUE(find(run, "time")->vsyscall);
}

TEST_F(LiveRecord, Phases) {
  const recording::Run run = recorded({"serve"}, {{true, false}});
  ASSERT_EQ(run.exit_status, 0);
  const auto phases = [&](std::string_view name) {
    const Call* const call = find(run, name);
    return call == nullptr ? std::array<bool, 2>{} : call->seen;
  };
  EXPECT_THAT(phases("getpriority"), ElementsAre(true, false));
  EXPECT_THAT(phases("listen"), ElementsAre(true, false))
      << "the call with which serving begins is the last of the start";
  EXPECT_THAT(phases("getpgid"), ElementsAre(false, true)) << "by a thread of the process that serves";
  EXPECT_THAT(phases("getsid"), ElementsAre(false, true)) << "by a child of it";
  EXPECT_THAT(phases("execve"), ElementsAre(true, true));
  EXPECT_THAT(phases("arch_prctl"), ElementsAre(true, false)) << "an execve begins anew";
}

TEST_F(LiveRecord, Arguments) {
  const recording::Run run = recorded({"arguments"}, {{true, false}});
  const Call* const socket = find(run, "socket");
  ASSERT_NE(socket, nullptr);
  ASSERT_EQ(socket->arguments.size(), 3U) << "the call takes three";
  EXPECT_THAT(socket->arguments[0].values, ElementsAre(1)) << "an int has 32 bits";
  EXPECT_THAT(socket->arguments[1].values, ElementsAre(2));
  const Call* const prctl = find(run, "prctl");
  ASSERT_NE(prctl, nullptr);
  ASSERT_FALSE(prctl->arguments.empty());
  EXPECT_TRUE(prctl->arguments[0].any) << "60 different ones";
  const Call* const openat = find(run, "openat");
  const auto flags = std::ranges::find(openat->arguments, 2, &recording::Argument::place);
  ASSERT_NE(flags, openat->arguments.end());
  EXPECT_THAT(flags->values, testing::IsSupersetOf({0x1U, 0x80000U, 0x80800U}));
  EXPECT_EQ(flags->ever_set.value() & 0x80801, 0x80801U);
  EXPECT_EQ(flags->ever_clear.value(), 0xffffffffU);
  const Call* const compat = find(run, kCompat, 359);
  ASSERT_NE(compat, nullptr);
  EXPECT_THAT(compat->arguments[0].values, ElementsAre(0, 1, 2));
}

TEST_F(LiveRecord, Capabilities) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has capabilities to use";
  const recording::Run run = recorded({"capability"});
  if (std::ranges::find(run.blind, recording::Blind::capabilities) != run.blind.end())
    GTEST_SKIP() << "the tracepoint for capabilities came with Linux 6.13";
  constexpr std::uint8_t kSysNice = 23;
  std::vector<bool> outcomes;
  for (const recording::Capability& capability : run.capabilities)
    if (capability.number == kSysNice && capability.call && capability.call->second == 141)
      outcomes.push_back(capability.granted);
  EXPECT_THAT(outcomes, testing::UnorderedElementsAre(false, true));
}

TEST_F(LiveRecord, CountsAreExact) {
  const recording::Run run = recorded({"crowd"});
  EXPECT_EQ(find(run, "getpriority")->counts[0], 64U * 500U);
  EXPECT_EQ(find(run, "getpgid")->counts[0], 64U * 500U);
  EXPECT_EQ(run.tasks, 1U + 64U * 2U);
}

TEST_F(LiveRecord, OthersAreNotRecorded) {
  // Meanwhile a process that is none of ours makes a call that the recorded one does not.
  const pid_t other = fork();
  while (other == 0) getsid(0);
  const recording::Run run = recorded({"crowd"});
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
  EXPECT_FALSE(has(run, "getsid"));
}

TEST_F(LiveRecord, ComesBackFromAFile) {
  recording::Run run = recorded({"arguments"}, {{true, true}});
  const base::SourceFile file("run", recording::to_lines(run));
  recording::KeptLines kept;
  base::Diagnostics diagnostics;
  const auto again = recording::read(file, kept, diagnostics);
  EXPECT_EQ(base::render_text(diagnostics, false), "");
  ASSERT_EQ(again.runs.size(), 1U);
  EXPECT_EQ(again.runs[0], run);
}

TEST(LiveRecordByPtrace, SeesTheSame) {
  const Wanted by_ptrace{{true, false}, Method::ptrace};
  const recording::Run run = recorded({"serve"}, by_ptrace);
  EXPECT_EQ(run.source, recording::Source::ptrace);
  EXPECT_THAT(find(run, "getpriority")->seen, ElementsAre(true, false));
  EXPECT_THAT(find(run, "getsid")->seen, ElementsAre(false, true));
  EXPECT_THAT(find(run, "getpgid")->seen, ElementsAre(false, true));
  EXPECT_FALSE(find(run, "socket")->arguments.empty());
  EXPECT_TRUE(has(run, "execve"));
  EXPECT_EQ(find(run, "getpgid")->counts[1], 1U) << "each call stops once";
  EXPECT_FALSE(has(recorded({"denied"}, by_ptrace), "getpriority")) << "the program's own filter comes first";
  const recording::Run old = recorded({"vsyscall"}, by_ptrace);
  EXPECT_TRUE(old.signal == SIGSEGV || has(old, "time")) << "where there is a vsyscall page, filters see it";
  const recording::Run denied = recorded({"denied"}, {{false, true}, Method::ptrace});
  EXPECT_TRUE(has(denied, "getpriority")) << "a tracer comes before the filter";
  EXPECT_TRUE(has(recorded({"daemon"}, by_ptrace), "personality"));
  EXPECT_TRUE(has(recorded({"thread-executes"}, by_ptrace), "getpriority"));
}

}  // namespace
}  // namespace callgate::record
