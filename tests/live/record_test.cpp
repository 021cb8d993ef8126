// What a recording holds beside the calls: phases, arguments, capabilities, counts. Whether it holds every call is
// record_cases_test.cpp's question.
// SPDX-License-Identifier: Apache-2.0
#include "record/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "recorded.h"
#include "recording/file.h"
#include "support/i386.h"

namespace callgate::record {
namespace {

using recording::Call;
using recording::Run;
using testing::ElementsAre;

class LiveRecord : public testing::Test {
 protected:
  void SetUp() override {
    // For developers without rights; continuous integration is root, and counts a skip as a failure.
    if (const auto probe = Ebpf::attach({}); !probe) GTEST_SKIP() << probe.error().message;
  }
};

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
    return call == nullptr ? std::array<bool, 3>{} : call->seen;
  };
  EXPECT_THAT(phases("getpriority"), ElementsAre(true, false, false));
  EXPECT_THAT(phases("listen"), ElementsAre(true, false, false))
      << "the call with which serving begins is the last of the start";
  EXPECT_THAT(phases("getpgid"), ElementsAre(false, true, false)) << "by a thread of the process that serves";
  EXPECT_THAT(phases("getsid"), ElementsAre(false, true, false)) << "by a child of it";
  EXPECT_THAT(phases("execve"), ElementsAre(true, true, false));
  EXPECT_THAT(phases("arch_prctl"), ElementsAre(true, false, false)) << "an execve begins anew";
}

void expect_shutdown(const recording::Run& run) {
  ASSERT_EQ(run.exit_status, 0);
  EXPECT_THAT(find(run, "getsid")->seen, ElementsAre(false, true, false)) << "a worker was told to end, no server";
  EXPECT_THAT(find(run, "getpriority")->seen, ElementsAre(false, true, false)) << "the signal was ignored";
  EXPECT_THAT(find(run, "getpgid")->seen, ElementsAre(false, false, true));
  EXPECT_THAT(find(run, "umask")->seen, ElementsAre(false, false, true)) << "by a child of the server";
  EXPECT_THAT(find(run, "arch_prctl")->seen, ElementsAre(true, false, true)) << "an execve does not begin anew";
  EXPECT_THAT(find(run, "alarm")->seen, ElementsAre(false, true, false)) << "by another server";
}

void expect_serving_at_a_wait(Method method) {
  const auto seen = [](const recording::Run& run, std::string_view name) { return find(run, name)->seen; };
  const recording::Run at_listen = recorded({"waits"}, {{}, method});
  EXPECT_THAT(seen(at_listen, "getpriority"), ElementsAre(false, true, false));
  const recording::Run run = recorded({"waits"}, {{false, false, recording::ServingAt::accept}, method});
  EXPECT_EQ(run.serving_at, recording::ServingAt::accept);
  EXPECT_THAT(seen(run, "poll"), ElementsAre(true, false, false)) << "nobody listened";
  EXPECT_THAT(seen(run, "getpriority"), ElementsAre(true, false, false));
  EXPECT_TRUE(has(run, "pselect6") || has(run, "select"));
  EXPECT_THAT(seen(run, has(run, "select") ? "select" : "pselect6"), ElementsAre(false, true, false))
      << "the call with which serving begins is its first";
  EXPECT_THAT(seen(run, "getsid"), ElementsAre(false, true, false));
  EXPECT_THAT(seen(run, "getpgid"), ElementsAre(true, false, false)) << "who waits for no client does not serve";
  const recording::Run anew =
      recorded({"listens-and-executes"}, {{false, false, recording::ServingAt::accept}, method});
  EXPECT_THAT(seen(anew, "getpriority"), ElementsAre(true, false, false)) << "an execve begins anew";
  EXPECT_THAT(seen(anew, "getsid"), ElementsAre(false, true, false)) << "but it listened before";
}

TEST_F(LiveRecord, ServingBeginsWithAWaitForClients) {
  expect_serving_at_a_wait(Method::ebpf);
}
TEST(LiveRecordByPtrace, ServingBeginsWithAWaitForClients) {
  expect_serving_at_a_wait(Method::ptrace);
}

TEST_F(LiveRecord, Shutdown) {
  expect_shutdown(recorded({"ends"}));
  expect_shutdown(recorded({"ends", "waits"}));
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
}

TEST_F(LiveRecord, ArgumentsOf32Bits) {
  const recording::Run run = recorded({"arguments-i386"}, {{true, false}});
  if (!test_support::runs_i386()) {
    EXPECT_EQ(run.signal, SIGSEGV);
    return;
  }
  const Call* const compat = find(run, kCompat, 359);
  ASSERT_NE(compat, nullptr);
  EXPECT_THAT(compat->arguments[0].values, ElementsAre(0, 1, 2));
}

void expect_serving_by_socketcall(Method method) {
  const recording::Run run = recorded({"serve-i386"}, {{}, method});
  if (!test_support::runs_i386()) {
    EXPECT_EQ(run.signal, SIGSEGV);
    return;
  }
  EXPECT_THAT(find(run, "getpriority")->seen, ElementsAre(true, false, false));
  EXPECT_THAT(find(run, "getpgid")->seen, ElementsAre(false, true, false));
}
TEST_F(LiveRecord, ServingBeginsWithTheListenOf32Bits) {
  expect_serving_by_socketcall(Method::ebpf);
}
TEST(LiveRecordByPtrace, ServingBeginsWithTheListenOf32Bits) {
  expect_serving_by_socketcall(Method::ptrace);
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

TEST_F(LiveRecord, NoCapabilitiesForMemory) {
  const recording::Run run = recorded({"fills-memory"});
  ASSERT_EQ(run.exit_status, geteuid() == 0 ? 0 : 9) << "others may not make namespaces, but ask to";
  if (std::ranges::find(run.blind, recording::Blind::capabilities) != run.blind.end()) return;
  constexpr std::uint8_t kSysAdmin = 21;
  std::vector<std::string> asked;
  for (const recording::Capability& each : run.capabilities)
    if (each.number == kSysAdmin)
      asked.push_back(each.call ? recording::call_name(each.call->first, each.call->second) : "");
  struct stat status{};
  ASSERT_EQ(stat("/proc/self/ns/pid", &status), 0);
  constexpr ino_t kFirst = 0xEFFFFFFC;  // in another namespace the recorder does not learn who asks
  if (status.st_ino == kFirst) {
    EXPECT_THAT(asked, ElementsAre("unshare"));
  } else {
    EXPECT_THAT(asked, testing::Contains("unshare"));
  }
}

TEST_F(LiveRecord, ChildrenWithNamespacesOfTheirOwn) {
  const bool may = geteuid() == 0;  // others are refused, so no namespace is made
  const recording::Run run = recorded({"namespaces"});
  ASSERT_EQ(run.exit_status, may ? 0 : 9);
  EXPECT_FALSE(find(run, "clone")->namespaces);
  EXPECT_EQ(find(run, "clone3")->namespaces, may);
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
  EXPECT_THAT(find(run, "getpriority")->seen, ElementsAre(true, false, false));
  EXPECT_THAT(find(run, "getsid")->seen, ElementsAre(false, true, false));
  EXPECT_THAT(find(run, "getpgid")->seen, ElementsAre(false, true, false));
  EXPECT_FALSE(find(run, "socket")->arguments.empty());
  EXPECT_TRUE(has(run, "execve"));
  EXPECT_EQ(find(run, "getpgid")->counts[1], 1U) << "each call stops once";
}

TEST(LiveRecordByPtrace, Shutdown) {
  for (const bool denied : {false, true}) expect_shutdown(recorded({"ends"}, {{false, denied}, Method::ptrace}));
}

// The tracer moves to the processor of what it stops most, and that must not show.
TEST(LiveRecordByPtrace, TheProgramSeesItsProcessors) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  const std::string processors = std::to_string(CPU_COUNT(&set));
  for (const bool denied : {false, true})
    EXPECT_EQ(recorded({"processors", processors}, {{false, denied}, Method::ptrace}).exit_status, 0);
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&set, &after)) << "nor stay with us";
}

}  // namespace
}  // namespace callgate::record
