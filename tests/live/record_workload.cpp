// What recorders are tried on: one case an argument. Each makes calls in a way that a recorder may miss; the test
// (record_test.cpp) knows which.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace {

long native(long nr, long argument) {
  long result = nr;
  register long r10 asm("r10") = argument;
  register long r8 asm("r8") = argument;
  register long r9 asm("r9") = argument;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(argument), "S"(argument), "d"(argument), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

long i386(long nr, long argument) {
  long result = nr;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(argument), "c"(argument), "d"(argument), "S"(argument), "D"(argument)
               : "r8", "r9", "r10", "r11", "memory");
  return result;
}

// In a process of its own: some end it, stop it or never return.
template <class Body>
void apart(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
}

// All numbers of both tables but sync's, which takes as long as the disks do. Arguments are wrong for all of them.
void sweep() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(9);
  const auto bounded = [] {
    // What waits for a signal is ended by this one.
    const itimerval soon{{0, 0}, {0, 100'000}};
    setitimer(ITIMER_REAL, &soon, nullptr);
  };
  constexpr long kSync = 162, kSyncI386 = 36, kSigsuspendI386 = 72;
  for (long nr = 0; nr <= 470; ++nr) {
    if (nr != kSync) apart([&] { bounded(), native(nr, -1); });
    if (nr != kSyncI386) apart([&] { bounded(), i386(nr, nr == kSigsuspendI386 ? 0 : -1); });
  }
}

void odd_numbers() {
  native(0x40000027, 0);
  native(999, 0);
  native(-1, 0);
  native(511, 0);
  native(512, 0);
  i386(998, 0);
}

void forks() {
  if (vfork() == 0) _exit(0);
  wait(nullptr);
  char name[] = "/bin/true";
  char* arguments[] = {name, nullptr};
  pid_t child = 0;
  posix_spawn(&child, name, nullptr, nullptr, arguments, nullptr);
  wait(nullptr);
  std::thread([] { syscall(SYS_getpriority, 0, 0); }).join();
}

// A thread that is not the first executes: the program goes on in its task.
void thread_executes(const char* self) {
  std::thread([self] { execl(self, self, "after-exec", nullptr); }).join();
}

// Twice forked, in a session of its own, and long outliving its parents.
void daemon_case() {
  if (fork() != 0) _exit(0);
  setsid();
  if (fork() != 0) _exit(0);
  while (getppid() != 1) usleep(1000);
  usleep(300'000);
  syscall(SYS_personality, 0xffffffffU);
}

void install(std::uint32_t nr, std::uint32_t action) {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{4, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(9);
}

void denied() {
  install(SYS_getpriority, SECCOMP_RET_ERRNO | 77);
  syscall(SYS_getpriority, 0, 0);
}

void killed() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  install(SYS_getpriority, SECCOMP_RET_KILL_PROCESS);
  syscall(SYS_getpriority, 0, 0);
}

void leave_cgroup(const char* procs) {
  const int fd = open(procs, O_WRONLY);
  const std::string self = std::to_string(getpid());
  if (fd < 0 || write(fd, self.data(), self.size()) < 0) _exit(9);
  apart([] { syscall(SYS_getpriority, 0, 0); });
}

// One operation of io_uring, by hand: a socket that no socket call made.
void uring() {
  io_uring_params parameters{};
  const long ring = syscall(SYS_io_uring_setup, 4, &parameters);
  if (ring < 0) _exit(ring == -1 ? 8 : 9);
  const int fd = static_cast<int>(ring);
  const std::size_t size = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
  auto* const queue = static_cast<char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING));
  auto* const entries = static_cast<io_uring_sqe*>(mmap(nullptr, parameters.sq_entries * sizeof(io_uring_sqe),
                                                        PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES));
  std::memset(&entries[0], 0, sizeof entries[0]);
  constexpr std::uint8_t kSocket = 45;
  entries[0].opcode = kSocket;
  entries[0].fd = AF_INET;
  entries[0].off = SOCK_STREAM;
  reinterpret_cast<unsigned*>(queue + parameters.sq_off.array)[0] = 0;
  reinterpret_cast<std::atomic<unsigned>*>(queue + parameters.sq_off.tail)->store(1);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) != 1) _exit(9);
}

// The page that old static programs enter for the time.
void vsyscall() {
  using Time = long (*)(long*);
  reinterpret_cast<Time>(0xffffffffff600400)(nullptr);
}

// Starts up, listens, and makes a call of its own in each phase.
void serve() {
  syscall(SYS_getpriority, 0, 0);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1) != 0) _exit(9);
  std::thread([] { syscall(SYS_getpgid, 0); }).join();
  apart([] { syscall(SYS_getsid, 0); });
  apart([] { execl("/bin/true", "true", nullptr); });
}

// Arguments with garbage where the call takes none, and above an int's 32 bits.
void arguments() {
  syscall(SYS_socket, 0x1234567800000001, 0x9876543200000002, 0, &arguments, &arguments, &arguments);
  for (int i = 0; i < 60; ++i) syscall(SYS_prctl, 100000 + i, 0, 0, 0, 0);
  for (int flags : {0x80000, 0x1, 0x80800}) syscall(SYS_openat, -1, "", flags, 0);
  for (int i = 0; i < 3; ++i) i386(359, i);  // socket
}

void capability() {
  if (setpriority(PRIO_PROCESS, 0, -1) != 0) _exit(9);  // CAP_SYS_NICE
  if (setresuid(65534, 65534, 65534) != 0) _exit(9);
  setpriority(PRIO_PROCESS, 0, -2);
}

// Many processes at once, each with calls of its own: nothing may be lost on the way.
void crowd() {
  for (int i = 0; i < 64; ++i)
    if (fork() == 0) {
      for (int k = 0; k < 500; ++k) syscall(SYS_getpriority, 0, 0);
      std::thread([] {
        for (int k = 0; k < 500; ++k) syscall(SYS_getpgid, 0);
      }).join();
      _exit(0);
    }
  while (wait(nullptr) > 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted(argc > 1 ? argv[1] : "");
  if (wanted == "sweep") sweep();
  if (wanted == "odd-numbers") odd_numbers();
  if (wanted == "forks") forks();
  if (wanted == "thread-executes") thread_executes(argv[0]);
  if (wanted == "after-exec") syscall(SYS_getpriority, 0, 0);
  if (wanted == "daemon") daemon_case();
  if (wanted == "denied") denied();
  if (wanted == "killed") killed();
  if (wanted == "leave-cgroup" && argc > 2) leave_cgroup(argv[2]);
  if (wanted == "uring") uring();
  if (wanted == "vsyscall") vsyscall();
  if (wanted == "serve") serve();
  if (wanted == "arguments") arguments();
  if (wanted == "capability") capability();
  if (wanted == "crowd") crowd();
  return 0;
}
