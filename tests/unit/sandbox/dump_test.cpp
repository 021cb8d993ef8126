// Filters read back from live processes, and every way that can fail.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/dump.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/launch.h"
#include "unit/sandbox/filters.h"

namespace callgate::sandbox {
namespace {

TEST(Dump, ReadsAStackNewestFirst) {
  const bpf::Program first = deny("mount", bpf::kRetErrno | 1), second = deny("reboot", bpf::kRetErrno | 2);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const Kernel& kernel = real_kernel();
    const bool good =
        kernel.no_new_privs() == 0 && kernel.load_filter(0, first) == 0 && kernel.load_filter(0, second) == 0;
    if (write(ready[1], good ? "y" : "n", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto stack = dump_filters(pid);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  if (!stack && stack.error().os_errno == EACCES) GTEST_SKIP() << stack.error().message;
  ASSERT_TRUE(stack) << stack.error().message;
  EXPECT_EQ(*stack, (std::vector<bpf::Program>{second, first}));
}

TEST(Dump, AProcessWithoutFiltersHasAnEmptyStack) {
  if (getppid() == 0) GTEST_SKIP();
  const auto stack = dump_filters(getppid());
  ASSERT_TRUE(stack) << stack.error().message;
  EXPECT_TRUE(stack->empty());
}

TEST(Dump, NoSuchProcess) {
  const auto stack = dump_filters(0x3ffffff0);
  ASSERT_FALSE(stack);
  EXPECT_EQ(stack.error().code, base::ErrorCode::invalid);
  EXPECT_EQ(stack.error().os_errno, ESRCH);
}

int seize_well(pid_t) {
  return 0;
}
int detach_well(pid_t) {
  return 0;
}
template <int Error>
int filter_fails(pid_t, unsigned, bpf::Insn*) {
  return -Error;
}

// A process number that does not exist keeps /proc from answering first.
base::Error error_of(const Tracing& tracing) {
  const auto stack = dump_filters(0x3ffffff0, tracing);
  EXPECT_FALSE(stack);
  return stack ? base::Error{} : stack.error();
}

TEST(DumpFaults, EachErrorSaysWhatIsMissing) {
  EXPECT_NE(error_of({seize_well, filter_fails<EACCES>, detach_well}).message.find("CAP_SYS_ADMIN"), std::string::npos);
  EXPECT_NE(error_of({seize_well, filter_fails<EINVAL>, detach_well}).message.find("CONFIG_CHECKPOINT_RESTORE"),
            std::string::npos);
  EXPECT_NE(error_of({seize_well, filter_fails<EMEDIUMTYPE>, detach_well}).message.find("no classic BPF"),
            std::string::npos);
  EXPECT_EQ(error_of({seize_well, filter_fails<EIO>, detach_well}).code, base::ErrorCode::io);
  const base::Error denied = error_of({[](pid_t) { return -EPERM; }, filter_fails<EIO>, detach_well});
  EXPECT_EQ(denied.code, base::ErrorCode::unsupported);
  EXPECT_NE(denied.message.find("CAP_SYS_PTRACE"), std::string::npos);
}

TEST(DumpFaults, AFailedDetachIsAnError) {
  EXPECT_EQ(error_of({seize_well, filter_fails<ENOENT>, [](pid_t) { return -ESRCH; }}).os_errno, ESRCH);
}

}  // namespace
}  // namespace callgate::sandbox
