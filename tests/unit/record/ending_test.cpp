// How a recorder ends a program that goes on for ever. (Not under qemu's user emulation, where this waits for ever.)
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/quiet.h"

namespace callgate::record {
namespace {

using std::chrono::seconds;

// A child that ignores SIGTERM, and its child, an orphan of it later.
TEST(Ending, EndsAChildAndThoseItLeavesBehind) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Foster foster(true);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGTERM, SIG_IGN);
    if (fork() == 0) setsid();
    const char here = 1;
    if (write(ends[1], &here, 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ends[1]);
  char here = 0;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(read(ends[0], &here, 1), 1);
  const Quiet::Clock::time_point start{};
  Ending ending(child);
  ending.step(start);
  ending.step(start + seconds(1));
  EXPECT_EQ(kill(child, 0), 0) << "told, and not yet killed";
  ending.step(start + Ending::kGrace);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(read(ends[0], &here, 1), 0) << "nobody holds the pipe any more";
  close(ends[0]);
}

}  // namespace
}  // namespace callgate::record
