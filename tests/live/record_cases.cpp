// Ways of making a call that recorders have missed, one a name; each ends in mark() or mark_i386() (raw_calls.h), or in
// the one call that its name tells.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "raw_calls.h"

namespace {

void await_child() {
  while (wait(nullptr) > 0) {
  }
}

void by_clone() {
  if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) mark(), _exit(0);
  await_child();
}

void by_clone3() {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (syscall(SYS_clone3, &arguments, sizeof arguments) == 0) mark(), _exit(0);
  await_child();
}

// fork, vfork or clone, then the mark in the child, all by int $0x80 and without a look at memory in between: parent
// and child of a vfork share the stack.
void by_i386(long nr) {
  long result = nr;
  asm volatile(
      "int $0x80\n\t"
      "test %%eax, %%eax\n\t"
      "jnz 1f\n\t"
      "mov $96, %%eax\n\t"
      "xor %%ebx, %%ebx\n\t"
      "int $0x80\n\t"
      "mov $1, %%eax\n\t"
      "xor %%ebx, %%ebx\n\t"
      "int $0x80\n"
      "1:"
      : "+a"(result)
      : "b"(static_cast<long>(SIGCHLD)), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
      : "r8", "r9", "r10", "r11", "memory");
  await_child();
}

// A new process by `how`, executing ourselves; the mark is made there.
void by_spawn(char* self) {
  char word[] = "mark";
  char* arguments[] = {self, word, nullptr};
  pid_t child = 0;
  posix_spawn(&child, self, nullptr, nullptr, arguments, nullptr);
  await_child();
}

// A thread that is not the first executes: the program goes on in its task.
void thread_executes(const char* self) {
  std::thread([self] { execl(self, self, "mark", nullptr); }).join();
}

// execve by int $0x80, whose pointers are those of 32 bits.
void i386_executes(const char* self) {
  struct Low {
    std::array<char, 4096> path;
    std::array<char, 16> word;
    std::array<std::uint32_t, 3> arguments;
  };
  auto* const low = static_cast<Low*>(
      mmap(nullptr, sizeof(Low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
  const auto address = [](const void* pointer) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(pointer));
  };
  std::strncpy(low->path.data(), self, low->path.size() - 1);
  std::strncpy(low->word.data(), "mark-i386", low->word.size() - 1);
  low->arguments = {address(&low->path), address(&low->word), 0};
  long result = 11;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(static_cast<long>(address(&low->path))), "c"(static_cast<long>(address(&low->arguments))), "d"(0L)
               : "r8", "r9", "r10", "r11", "memory");
  _exit(9);
}

// Twice forked, in a session of its own, and outliving its parents.
void orphan_daemon(void (*last)()) {
  if (fork() != 0) _exit(0);
  setsid();
  if (fork() != 0) _exit(0);
  while (getppid() != 1) usleep(1000);
  usleep(300'000);
  last();
}

void return_from_signal() {
  signal(SIGUSR1, [](int) {});
  raise(SIGUSR1);
}

// A wait that a stop interrupted is taken up again by restart_syscall.
void restart() {
  const pid_t child = fork();
  if (child == 0) {
    usleep(400'000);
    _exit(0);
  }
  usleep(100'000);
  kill(child, SIGSTOP);
  usleep(50'000);
  kill(child, SIGCONT);
  await_child();
}

void install(std::uint32_t nr, std::uint32_t action) {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{4, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(9);
}

// As the program's own filter.
void refused(std::uint32_t action, bool compat) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  install(compat ? kMarkI386 : SYS_getpriority, action);
  compat ? mark_i386() : mark();
}

// Into the cgroup whose cgroup.procs that is; then its children.
void leave_cgroup(const char* procs) {
  const int fd = open(procs, O_WRONLY);
  const std::string self = std::to_string(getpid());
  if (fd < 0 || write(fd, self.data(), self.size()) < 0) _exit(9);
  apart([] { mark(); });
}

struct Case {
  std::string_view name;
  void (*body)(char** argv);
};
constexpr Case kCases[] = {
    {"mark", [](char**) { mark(); }},
    {"mark-i386", [](char**) { mark_i386(); }},
    {"fork", [](char**) { apart([] { mark(); }); }},
    {"vfork",
     [](char**) {
       if (vfork() == 0) mark(), _exit(0);
       await_child();
     }},
    {"clone", [](char**) { by_clone(); }},
    {"clone3", [](char**) { by_clone3(); }},
    {"thread", [](char**) { std::thread(mark).join(); }},
    {"i386-thread", [](char**) { std::thread(mark_i386).join(); }},
    {"spawn", [](char** argv) { by_spawn(argv[0]); }},
    {"thread-executes", [](char** argv) { thread_executes(argv[0]); }},
    {"i386-fork", [](char**) { by_i386(2); }},
    {"i386-vfork", [](char**) { by_i386(190); }},
    {"i386-clone", [](char**) { by_i386(120); }},
    {"i386-executes", [](char** argv) { i386_executes(argv[0]); }},
    {"daemon", [](char**) { orphan_daemon(mark); }},
    {"i386-daemon", [](char**) { orphan_daemon(mark_i386); }},
    {"signal", [](char**) { return_from_signal(); }},
    {"restart", [](char**) { restart(); }},
    {"denied", [](char**) { refused(SECCOMP_RET_ERRNO | 77, false); }},
    {"denied-i386", [](char**) { refused(SECCOMP_RET_ERRNO | 77, true); }},
    {"killed", [](char**) { refused(SECCOMP_RET_KILL_PROCESS, false); }},
    {"killed-i386", [](char**) { refused(SECCOMP_RET_KILL_PROCESS, true); }},
    {"leave-cgroup", [](char** argv) { leave_cgroup(argv[2]); }},
};

}  // namespace

bool run_case(int argc, char** argv) {
  for (const Case& known : kCases)
    if (argc > 1 && known.name == argv[1]) {
      known.body(argv);
      return true;
    }
  return false;
}
