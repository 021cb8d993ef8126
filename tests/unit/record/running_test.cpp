// SPDX-License-Identifier: Apache-2.0
#include "record/running.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace callgate::record {
namespace {

// A child that waits until it is killed, which the destructor does.
struct Child {
  pid_t pid = fork();
  Child() {
    while (pid == 0) pause();
  }
  ~Child() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
};

TEST(Running, TopOfAFamily) {
  const Child child;
  const pid_t self = getpid();
  EXPECT_EQ(top_of(child.pid, {self, child.pid}), self);
  EXPECT_EQ(top_of(child.pid, {getppid(), self, child.pid}), getppid());
  EXPECT_EQ(top_of(child.pid, {getppid(), child.pid}), child.pid) << "who stands between is none of them";
  EXPECT_EQ(top_of(self, {self, child.pid}), self);
}

TEST(Running, TopOfWhoHasGone) {
  pid_t gone = 0;
  {
    const Child child;
    gone = child.pid;
  }
  EXPECT_EQ(top_of(gone, {gone, getpid()}), gone);
  EXPECT_FALSE(ignores(gone, SIGINT));
}

TEST(Running, IgnoredSignals) {
  const auto before = signal(SIGINT, SIG_DFL);
  EXPECT_FALSE(ignores(getpid(), SIGINT));
  signal(SIGINT, SIG_IGN);
  EXPECT_TRUE(ignores(getpid(), SIGINT));
  EXPECT_FALSE(ignores(getpid(), SIGTERM));
  signal(SIGINT, before);
}

}  // namespace
}  // namespace callgate::record
