// The task and we share a processor while it stops often, and not where that could show.
// SPDX-License-Identifier: Apache-2.0
#include "tracee/one_processor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/calls.h"

namespace callgate::tracee {
namespace {

cpu_set_t affinity_of(pid_t tid) {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(tid, sizeof set, &set), 0);
  return set;
}

class OneProcessorTest : public testing::Test {
 protected:
  void SetUp() override {
    child_ = fork();
    if (child_ == 0) {
      pause();
      _exit(0);
    }
    ours_ = affinity_of(0);
  }
  void TearDown() override {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  bpf::SeccompData call(std::string_view name, std::uint64_t second = 0) {
    const arch::Arch native = arch::native();
    return {arch::number(native, name).value(), arch::info(native).audit, 0, {0, second}};
  }
  void stop_often(int times = 64) {
    for (int i = 0; i < times; ++i) processor_.at_call(child_, call("getpid"));
  }
  void expect_joined() {
    EXPECT_EQ(processor_.joined(), child_);
    const cpu_set_t theirs = affinity_of(child_), ours = affinity_of(0);
    EXPECT_EQ(CPU_COUNT(&theirs), 1);
    EXPECT_TRUE(CPU_EQUAL(&theirs, &ours));
  }
  void expect_apart() {
    EXPECT_EQ(processor_.joined(), 0);
    const cpu_set_t theirs = affinity_of(child_), ours = affinity_of(0);
    EXPECT_TRUE(CPU_EQUAL(&theirs, &ours_));
    EXPECT_TRUE(CPU_EQUAL(&ours, &ours_));
  }

  pid_t child_ = 0;
  cpu_set_t ours_{};
  OneProcessor processor_;
};

TEST_F(OneProcessorTest, JoinsWhoStopsOften) {
  stop_often(8);
  expect_apart();
  stop_often();
  expect_joined();
}

TEST_F(OneProcessorTest, NobodyWhereTwoTakeTurns) {
  for (int i = 0; i < 200; ++i) processor_.at_call(i % 2 == 0 ? child_ : getpid(), call("getpid"));
  expect_apart();
}

TEST_F(OneProcessorTest, LeavesBeforeATaskIsMadeOrExecutes) {
  for (const char* const name : {"clone", "clone3", "execve", "execveat"}) {
    stop_often();
    expect_joined();
    processor_.at_call(child_, call(name));
    expect_apart();
  }
}

TEST_F(OneProcessorTest, LeavesForLongerBeforeAnAffinityIsAskedFor) {
  for (const char* const name : {"sched_getaffinity", "sched_setaffinity"}) {
    stop_often(1000);
    expect_joined();
    processor_.at_call(child_, call(name));
    expect_apart();
    stop_often(100);
    expect_apart();
  }
}

TEST_F(OneProcessorTest, LeavesBeforeAFileOfProcIsOpened) {
  static const char kStatus[] = "/proc/self/status", kOther[] = "/etc/passwd";
  stop_often();
  processor_.at_call(child_, call("openat", reinterpret_cast<std::uintptr_t>(kOther)));
  expect_joined();
  processor_.at_call(child_, call("openat", reinterpret_cast<std::uintptr_t>(kStatus)));
  expect_apart();
  stop_often(1000);
  processor_.at_call(child_, call("openat", 1));  // nothing can be read there
  expect_apart();
}

TEST_F(OneProcessorTest, LeavesWhoStopsNoMore) {
  stop_often();
  processor_.tick();
  expect_joined();
  processor_.tick();
  expect_apart();
}

TEST_F(OneProcessorTest, LeavesTheDead) {
  stop_often();
  processor_.ended(child_);
  expect_apart();
}

}  // namespace
}  // namespace callgate::tracee
