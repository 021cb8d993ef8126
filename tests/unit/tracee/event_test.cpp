// SPDX-License-Identifier: Apache-2.0
#include "tracee/event.h"

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <set>
#include <thread>

#include "tracee/memory.h"
#include "unit/tracee/traced_child.h"

namespace callgate::tracee {
namespace {

TEST(Events, CallsAreSeenWithArgumentsAndResults) {
  TracedChild child([] { return syscall(SYS_close, -7L) == -1 && errno == EBADF ? 3 : 4; });
  bool inside = false, entered = false;
  std::int64_t result = 0;
  const int status = child.run([&](Event& event) {
    if (event.kind == EventKind::call_entry) {
      inside = event.call.nr == SYS_close && event.call.args[0] == static_cast<std::uint64_t>(-7);
      entered = entered || inside;
    }
    if (event.kind == EventKind::call_exit && inside) result = event.result;
    return false;
  });
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_TRUE(entered);
  EXPECT_EQ(result, -EBADF);
}

TEST(Events, ThreadsAndProcessesAreFollowed) {
  TracedChild child([] {
    std::thread([] { syscall(SYS_getuid); }).join();
    const pid_t forked = fork();
    if (forked == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(9);
    }
    int status = 0;
    waitpid(forked, &status, 0);
    return WEXITSTATUS(status);
  });
  std::map<EventKind, int> seen;
  std::set<pid_t> processes;
  const int status = child.run([&](Event& event) {
    ++seen[event.kind];
    if (event.kind == EventKind::stop) processes.insert(process_of(event.tid));
    return false;
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(seen[EventKind::new_task], 2);
  EXPECT_EQ(seen[EventKind::exec], 1);
  EXPECT_EQ(seen[EventKind::ended], 3);
  EXPECT_EQ(processes.size(), 2U);
}

TEST(Events, SignalsReachTheProgramOrAreDiscarded) {
  for (const bool deliver : {true, false}) {
    TracedChild child([] {
      raise(SIGTERM);
      return 5;
    });
    const int status = child.run([&](Event& event) {
      if (event.kind == EventKind::signal && event.signal == SIGTERM && !deliver) event.signal = 0;
      return false;
    });
    EXPECT_EQ(WIFSIGNALED(status), deliver);
    if (!deliver) {
      EXPECT_EQ(WEXITSTATUS(status), 5);
    }
  }
}

TEST(Events, AStoppedProcessStaysStoppedUntilItIsContinued) {
  TracedChild child([] {
    raise(SIGSTOP);
    return 6;
  });
  bool stopped = false;
  const int status = child.run([&](Event& event) {
    if (event.kind != EventKind::group_stop) return false;
    stopped = true;
    EXPECT_EQ(resume(event, Until::next_call), 0);
    Event next;
    EXPECT_EQ(next_event(next, false, event.tid), Waited::nothing);
    kill(event.tid, SIGCONT);
    return true;
  });
  EXPECT_TRUE(stopped);
  EXPECT_EQ(WEXITSTATUS(status), 6);
}

TEST(Events, AFiltersTraceComesWithItsData) {
  TracedChild child([] {
    sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | 0x123},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    sock_fprog program{4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 1;
    return syscall(SYS_getppid) > 0 ? 0 : 2;
  });
  std::uint64_t data = 0;
  const int status = child.run(
      [&](Event& event) {
        if (event.kind == EventKind::seccomp) {
          data = event.message;
          EXPECT_EQ(event.call.nr, static_cast<std::uint32_t>(SYS_getppid));
        }
        return false;
      },
      Until::next_event);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(data, 0x123U);
}

TEST(Memory, IsReadAndWrittenUpToItsEnd) {
  static char text[8192] = "callgate";
  TracedChild child([] { return text[0] == 'C' ? 0 : 1; });
  const auto at = reinterpret_cast<std::uint64_t>(&text);
  const auto read = read_text(child.pid(), at);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, "callgate");
  const std::byte big{'C'};
  EXPECT_TRUE(write_memory(child.pid(), at, std::span(&big, 1)));
  EXPECT_FALSE(read_text(child.pid(), 16));
  EXPECT_FALSE(write_memory(child.pid(), 16, std::span(&big, 1)));
  EXPECT_EQ(WEXITSTATUS(child.run([](Event&) { return false; })), 0);
}

TEST(Events, DetachedTasksGoOn) {
  TracedChild child([] {
    syscall(SYS_getuid);
    return 7;
  });
  Event event = child.first();
  ASSERT_EQ(resume(event, Until::next_call), 0);
  ASSERT_EQ(next_event(event), Waited::event);
  ASSERT_EQ(detach(event), 0);
  EXPECT_EQ(WEXITSTATUS(child.run([](Event&) { return false; })), 7);
}

}  // namespace
}  // namespace callgate::tracee
