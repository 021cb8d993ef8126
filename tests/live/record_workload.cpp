// What recorders are tried on: one case an argument, here those that are looked at closely (record_test.cpp); the ways
// of making a call that recorders miss stand in record_cases.cpp. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include "raw_calls.h"

namespace {

// All numbers of a table but sync's, which takes as long as the disks do. Arguments are wrong for all of them.
void sweep(long (*call)(long nr, long argument), long sync, long with_zero) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(9);
  for (long nr = 0; nr <= 470; ++nr) {
    if (nr == sync) continue;
    apart([&] {
      // What waits for a signal is ended by this one.
      const itimerval soon{{0, 0}, {0, 300'000}};  // not before the call, on a slow machine
      setitimer(ITIMER_REAL, &soon, nullptr);
      call(nr, nr == with_zero ? 0 : -1);
    });
  }
}

void odd_numbers() {
  native(0x40000027, 0);
  native(999, 0);
  native(-1, 0);
  native(511, 0);
  native(512, 0);
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
}

void arguments_i386() {
  for (int i = 0; i < 3; ++i) i386(359, i);  // socket
}

// i386 has one call for all that sockets do: its first argument says which.
void serves_i386() {
  constexpr long kSocketcall = 102, kConnect = 3, kListen = 4;
  i386(kSocketcall, kConnect);
  syscall(SYS_getpriority, 0, 0);
  i386(kSocketcall, kListen);
  syscall(SYS_getpgid, 0);
}

void capability() {
  const int nice = getpriority(PRIO_PROCESS, 0);
  if (setpriority(PRIO_PROCESS, 0, nice - 1) != 0) _exit(9);  // CAP_SYS_NICE
  if (setresuid(65534, 65534, 65534) != 0) _exit(9);
  setpriority(PRIO_PROCESS, 0, nice - 2);
}

// Memory of a file system in memory, which the kernel gives out call by call.
void fills_memory() {
  const int fd = memfd_create("callgate", MFD_CLOEXEC);
  const std::string page(1 << 16, 'x');
  if (fd < 0 || write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size())) _exit(9);
  if (unshare(CLONE_NEWUTS) != 0) _exit(9);
}

// A child that shares all namespaces, and one that does not, each by the other of both calls that can make it.
void namespaces() {
  const auto reap = [](long child) {
    if (child == 0) _exit(0);
    if (child < 0 || waitpid(static_cast<pid_t>(child), nullptr, 0) != child) _exit(9);
  };
  reap(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  clone_args arguments{};
  arguments.flags = CLONE_NEWUTS;
  arguments.exit_signal = SIGCHLD;
  reap(syscall(SYS_clone3, &arguments, sizeof arguments));
}

void listens() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || listen(fd, 1) != 0) _exit(9);
}

void waits_for_clients() {
  poll(nullptr, 0, 0);
  listens();
  syscall(SYS_getpriority, 0, 0);
  apart([] {
    timeval now{};
    select(0, nullptr, nullptr, nullptr, &now);
    syscall(SYS_getsid, 0);
  });
  syscall(SYS_getpgid, 0);
}

// Listens, and executes itself: its new program has not started before it waits.
void listens_and_executes(const char* self) {
  listens();
  execl(self, self, "waits-anew", nullptr);
  _exit(9);
}

void waits_anew() {
  syscall(SYS_getpriority, 0, 0);
  poll(nullptr, 0, 0);
  syscall(SYS_getsid, 0);
}

// A pipe that is waited at until it is written to.
struct Gate {
  int ends[2];
  Gate() {
    if (pipe(ends) != 0) _exit(9);
  }
  void open() const {
    if (write(ends[1], "", 1) != 1) _exit(9);
  }
  void pass() const {
    char byte;
    if (read(ends[0], &byte, 1) != 1) _exit(9);
  }
};

// A server with a worker is told to end; another server is not.
void ends(bool waits) {
  const Gate other, worked, shutdown;
  if (fork() == 0) {
    listens();
    other.pass();
    syscall(SYS_alarm, 0);
    _exit(0);
  }
  listens();
  signal(SIGTERM, [](int) {});
  if (fork() == 0) {
    raise(SIGTERM);
    syscall(SYS_getsid, 0);
    worked.open();
    shutdown.pass();
    syscall(SYS_umask, 022);
    execl("/bin/true", "true", nullptr);
    _exit(9);
  }
  worked.pass();
  signal(SIGINT, SIG_IGN);
  kill(getpid(), SIGINT);
  syscall(SYS_getpriority, 0, 0);
  sigset_t terms;
  sigemptyset(&terms);
  sigaddset(&terms, SIGTERM);
  if (waits) sigprocmask(SIG_BLOCK, &terms, nullptr);
  kill(getpid(), SIGTERM);
  if (waits && sigwaitinfo(&terms, nullptr) != SIGTERM) _exit(9);
  syscall(SYS_getpgid, 0);
  shutdown.open();
  other.open();
  for (int status = 0; wait(&status) > 0;)
    if (status != 0) _exit(9);
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

// So many processes, one after the other, that end as soon as they can.
void short_lived(int processes) {
  for (int i = 0; i < processes; ++i) {
    if (vfork() == 0) mark(), _exit(0);
    wait(nullptr);
  }
}

// Whether we and our children see as many processors as that, after many calls in a row. By three ways of looking.
void processors(int expected) {
  const auto stop_often = [] {
    for (int i = 0; i < 200; ++i) syscall(SYS_getppid);
  };
  const auto look = [&] {
    cpu_set_t set;
    stop_often();
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) != expected) _exit(9);
    stop_often();
    std::ifstream status("/proc/self/status");
    const std::string text{std::istreambuf_iterator<char>(status), {}};
    const char* const list = std::strstr(text.c_str(), "Cpus_allowed_list:");
    if (list == nullptr || (expected > 1 && std::strpbrk(list, "-,\n") == std::strchr(list, '\n'))) _exit(8);
  };
  look();
  stop_often();
  const pid_t child = fork();
  if (child == 0) look(), _exit(0);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) _exit(7);
}

}  // namespace

int main(int argc, char** argv) {
  if (run_case(argc, argv)) return 0;
  const std::string_view wanted(argc > 1 ? argv[1] : "");
  if (wanted == "sweep") sweep(native, 162, -1);
  if (wanted == "sweep-i386") sweep(i386, 36, 72);  // sigsuspend, too, takes a mask by value
  if (wanted == "odd-numbers") odd_numbers();
  if (wanted == "odd-numbers-i386") i386(998, 0);
  if (wanted == "forks") forks();
  if (wanted == "uring") uring();
  if (wanted == "vsyscall") vsyscall();
  if (wanted == "serve") serve();
  if (wanted == "waits") waits_for_clients();
  if (wanted == "listens-and-executes") listens_and_executes(argv[0]);
  if (wanted == "waits-anew") waits_anew();
  if (wanted == "ends") ends(argc > 2);
  if (wanted == "arguments") arguments();
  if (wanted == "arguments-i386") arguments_i386();
  if (wanted == "serve-i386") serves_i386();
  if (wanted == "capability") capability();
  if (wanted == "fills-memory") fills_memory();
  if (wanted == "namespaces") namespaces();
  if (wanted == "crowd") crowd();
  if (wanted == "short-lived") short_lived(std::atoi(argv[2]));
  if (wanted == "processors") processors(std::atoi(argv[2]));
  return 0;
}
