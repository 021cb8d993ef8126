// Makes getppid(2) in many ways and prints all that the program sees of it, so that two runs can be compared:
//   plain, int80, handler, handler80, blocked, ignored, thread, fork, vfork, exec, many
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace {

// Process ids differ from run to run.
void show(const char* what, long result) {
  if (result > 0)
    std::printf("%s: a process\n", what);
  else
    std::printf("%s: %ld\n", what, result);
  std::fflush(stdout);
}

long raw_call() {
  long result = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(long{SYS_getppid}), "D"(11L), "S"(12L), "d"(13L)
               : "rcx", "r11", "memory");
  return result;
}

// i386's number and registers.
long call_of_i386() {
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(64L), "b"(21L), "c"(22L), "d"(23L) : "memory");
  return static_cast<int>(result);
}

void on_sigsys(int signal, siginfo_t* info, void* context) {
  const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  std::printf("signal %d code %d errno %d call %d arch %x, behind it %d\n", signal, info->si_code, info->si_errno,
              info->si_syscall, info->si_arch,
              static_cast<int>(registers[REG_RIP] == reinterpret_cast<long long>(info->si_call_addr)));
  const bool i386 = info->si_arch == 0x40000003;  // AUDIT_ARCH_I386; of the others, what lies there is chance
  std::printf("rax %lld, arguments %lld %lld %lld\n", registers[REG_RAX], registers[i386 ? REG_RBX : REG_RDI],
              registers[i386 ? REG_RCX : REG_RSI], registers[REG_RDX]);
}

void handle() {
  struct sigaction action{};
  action.sa_sigaction = on_sigsys;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
}

void show_child(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("status %#x\n", static_cast<unsigned>(status));  // the bit for a core file, too
}

void in_thread() {
  std::atomic<bool> back{false};
  std::atomic<pid_t> task{0};
  std::thread([&] {
    task = gettid();
    show("thread", raw_call());
    back = true;
  }).detach();
  const auto lives = [&] { return access(("/proc/self/task/" + std::to_string(task)).c_str(), F_OK) == 0; };
  while (!back && (task == 0 || lives())) usleep(1000);
  std::puts(back ? "main: the thread is back" : "main: the thread is gone");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode(argc > 1 ? argv[1] : "plain");
  const rlimit cores{1U << 20U, 1U << 20U};
  setrlimit(RLIMIT_CORE, &cores);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (mode == "handler" || mode == "handler80") handle();
  if (mode == "ignored") signal(SIGSYS, SIG_IGN);
  if (mode == "blocked") {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigprocmask(SIG_BLOCK, &set, nullptr);
  }
  if (mode == "exec") execl("/proc/self/exe", "again", "plain", nullptr);
  if (mode == "thread") {
    in_thread();
  } else if (mode == "fork") {
    const pid_t child = fork();
    if (child == 0) _exit(raw_call() < 0 ? 3 : 4);
    show_child(child);
  } else if (mode == "vfork") {
    const pid_t child = vfork();
    if (child == 0) _exit(raw_call() < 0 ? 3 : 4);
    show_child(child);
  } else if (mode == "int80" || mode == "handler80") {
    show("i386", call_of_i386());
  } else if (mode == "many") {
    for (int i = 0; i < 1000; ++i) raw_call();
    show("last", raw_call());
  } else {
    show("call", raw_call());
    errno = 0;
    const long by_libc = syscall(SYS_getppid);
    std::printf("libc: %s %d\n", by_libc > 0 ? "a process" : by_libc == 0 ? "0" : "-1", errno);
  }
  std::puts("end");
  return 7;
}
