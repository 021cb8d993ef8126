// Calls made in a child's name, at every kind of stop: the child must notice nothing.
// SPDX-License-Identifier: Apache-2.0
#include "tracee/inject.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "support/i386.h"
#include "unit/tracee/traced_child.h"

namespace callgate::tracee {
namespace {

// Two calls in the task's name; the stop afterwards.
Event two_calls(const Event& at, pid_t expected_pid) {
  auto injection = Injection::begin(at);
  EXPECT_TRUE(injection) << injection.error().message;
  if (!injection) return at;
  const auto pid = injection->call("getpid", {});
  EXPECT_TRUE(pid);
  EXPECT_EQ(pid.value_or(0), expected_pid);
  const auto bad = injection->call("close", {static_cast<std::uint64_t>(-9)});
  EXPECT_EQ(bad.value_or(0), -EBADF);
  const auto after = injection->finish();
  EXPECT_TRUE(after) << after.error().message;
  return after ? *after : at;
}

void nothing(int) {}

class InjectTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!host::can_inject()) GTEST_SKIP() << "calls are injected on x86_64 alone";
  }
};

TEST_F(InjectTest, AtEntriesAndExits) {
  TracedChild child([] { return syscall(SYS_close, -5L) == -1 && errno == EBADF && getuid() == geteuid() ? 0 : 1; });
  int entries = 0, exits = 0, again = 0;
  bool injected = false;
  const int status = child.run([&](Event& event) {
    if (event.kind == EventKind::call_entry && event.call.nr != SYS_exit_group) {
      if (injected) {  // this is the call made anew
        ++again;
        injected = false;
        return false;
      }
      ++entries;
      injected = true;
      event = two_calls(event, child.pid());
    } else if (event.kind == EventKind::call_exit) {
      ++exits;
      event = two_calls(event, child.pid());
    }
    return false;
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_GE(entries, 3);
  EXPECT_EQ(again, entries);
  EXPECT_GE(exits, 3);
}

// `wait` blocks; the task is stopped in it, calls are made, then a signal (0: none) comes.
int in_a_wait(const std::function<int()>& wait, int signal) {
  TracedChild child([&] {
    struct sigaction action{};
    action.sa_handler = nothing;  // without SA_RESTART
    sigaction(SIGUSR1, &action, nullptr);
    return wait();
  });
  bool asked = false, done = false;
  std::thread knock;
  const pid_t pid = child.pid();
  const int status = child.run([&](Event& event) {
    const bool waits = event.call.nr == SYS_poll || event.call.nr == SYS_pause || event.call.nr == SYS_nanosleep ||
                       event.call.nr == SYS_clock_nanosleep;
    if (event.kind == EventKind::call_entry && waits && !asked) {
      asked = true;
      knock = std::thread([pid, signal] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        kill(pid, SIGCONT);  // wakes the tracer's loop by a signal event; discarded below
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        if (signal != 0) kill(pid, signal);
      });
    }
    if (event.kind == EventKind::signal && event.signal == SIGCONT && !done) {
      done = true;
      event.signal = 0;
      event = two_calls(event, pid);
    }
    return false;
  });
  knock.join();
  EXPECT_TRUE(done);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(InjectTest, AWaitGoesOnForItsWholeTime) {
  const auto patient = [] {
    const auto begin = std::chrono::steady_clock::now();
    if (poll(nullptr, 0, 400) != 0) return 1;
    return std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(395) ? 0 : 2;
  };
  EXPECT_EQ(in_a_wait(patient, 0), 0);
  EXPECT_EQ(in_a_wait([] { return usleep(400000) == 0 ? 0 : 1; }, 0), 0);
}

TEST_F(InjectTest, ASignalStillInterruptsAWait) {
  EXPECT_EQ(in_a_wait([] { return pause() == -1 && errno == EINTR ? 0 : 1; }, SIGUSR1), 0);
  EXPECT_EQ(in_a_wait([] { return poll(nullptr, 0, 20000) == -1 && errno == EINTR ? 0 : 1; }, SIGUSR1), 0);
}

TEST_F(InjectTest, InCodeThatMakesNoCalls) {
  static volatile bool* shared = nullptr;
  shared = static_cast<volatile bool*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  TracedChild child([] {
    while (!*shared) {
    }
    return 0;
  });
  Event event = child.first();
  ASSERT_EQ(resume(event, Until::next_event), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_EQ(interrupt(child.pid()), 0);
  ASSERT_EQ(next_event(event), Waited::event);
  ASSERT_EQ(event.kind, EventKind::stop);
  event = two_calls(event, child.pid());
  *shared = true;
  ASSERT_EQ(resume(event, Until::next_event), 0);
  EXPECT_EQ(WEXITSTATUS(child.run([](Event&) { return false; })), 0);
}

TEST_F(InjectTest, OnlyWhereItIsSound) {
  TracedChild child([] {
    raise(SIGUSR2);
    return 0;
  });
  bool refused = false;
  child.run([&](Event& event) {
    if (event.kind == EventKind::signal) refused = !Injection::begin(event);
    return false;
  });
  EXPECT_TRUE(refused);
}

// i386 programs, assembled here: getpid twice around a getppid, at whose stops calls are made.
TEST_F(InjectTest, InA32BitProgram) {
  char directory[] = "/tmp/callgate-tracee-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string base(directory), program = base + "/a";
  const std::string build = "cd " + base +
                            " && printf '.globl _start\\n_start: mov $64,%%eax\\n mov $7,%%ebx\\n int $0x80\\n"
                            " cmp $7,%%ebx\\n jne 1f\\n test %%eax,%%eax\\n jle 1f\\n xor %%ebx,%%ebx\\n"
                            "1: mov $1,%%eax\\n int $0x80\\n' > a.s && as --32 a.s -o a.o && ld -m elf_i386 a.o -o a";
  ASSERT_EQ(std::system(build.c_str()), 0);
  TracedChild child([&] {
    execl(program.c_str(), "a", nullptr);
    return 99;
  });
  int made = 0;
  const int status = child.run([&](Event& event) {
    const bool entry = event.kind == EventKind::call_entry && event.call.arch == 0x40000003U && event.call.nr == 64;
    const bool exit = event.kind == EventKind::call_exit && event.call.arch == 0x40000003U && made == 1;
    if ((entry && made == 0) || exit) {
      ++made;
      event = two_calls(event, child.pid());
    }
    return false;
  });
  // Where 32-bit programs do not start, ours tells so.
  const bool runs = test_support::runs_i386();
  EXPECT_EQ(WEXITSTATUS(status), runs ? 0 : 99);
  EXPECT_EQ(made, runs ? 2 : 0);
  EXPECT_EQ(std::system(("rm -r " + base).c_str()), 0);
}

// Every request fails in turn: an error is told, and the child is ours to end.
int g_left = 0;
TEST_F(InjectTest, EachStepFailsInTurn) {
  Ptrace failing = real_ptrace();
  failing.request = [](int request, pid_t tid, std::uintptr_t address, void* data) -> long {
    if (g_left-- != 0) return real_ptrace().request(request, tid, address, data);
    kill(tid, SIGKILL);  // what ESRCH means
    return -ESRCH;
  };
  int failures = 0;
  for (int step = 0;; ++step) {
    TracedChild child([] { return 0; });
    g_left = step;
    auto injection = Injection::begin(child.first(), failing);
    bool good = injection.has_value();
    if (good) good = injection->call("getpid", {}).has_value();
    if (good) good = injection->finish().has_value();
    if (good) break;
    ++failures;
  }
  EXPECT_GE(failures, 10);
}

}  // namespace
}  // namespace callgate::tracee
