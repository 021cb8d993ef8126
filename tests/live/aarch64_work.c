// Work for test_scan_aarch64.py: many kinds of calls, from the C library's own places and by syscall().
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int number) { (void)number; }

static void *thread(void *argument) {
  setuid(getuid());
  usleep(10);
  return argument;
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void by_number(int which) {
  switch (which) {
    case 0: syscall(SYS_getppid); break;
    case 1: syscall(SYS_getpgid, 0); break;
    case 2: syscall(SYS_getsid, 0); break;
    case 3: syscall(SYS_gettid); break;
    case 4: syscall(SYS_sched_yield); break;
    default: syscall(SYS_getcpu, 0, 0, 0);
  }
}

static void files(void) {
  char name[] = "workXXXXXX", text[256];
  struct stat status;
  int fd = mkstemp(name);
  ftruncate(fd, 100);
  lseek(fd, 0, SEEK_SET);
  pwrite(fd, "abc", 3, 0);
  fsync(fd);
  fstat(fd, &status);
  dup2(fd, 9);
  close(9);
  fcntl(fd, F_GETFL);
  flock(fd, LOCK_EX);
  close(fd);
  rename(name, "renamed");
  chmod("renamed", 0600);
  unlink("renamed");
  mkdir("made", 0700);
  rmdir("made");
  access("/", R_OK);
  getcwd(text, sizeof text);
  readlink("/proc/self/exe", text, sizeof text - 1);
  DIR *all = opendir("/");
  if (all != NULL) {
    while (readdir(all) != NULL) continue;
    closedir(all);
  }
}

static void sockets(void) {
  int pair[2];
  char byte[1];
  struct pollfd wanted = {.events = POLLOUT};
  struct epoll_event event = {.events = EPOLLIN};
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  write(pair[0], "x", 1);
  read(pair[1], byte, 1);
  wanted.fd = pair[0];
  poll(&wanted, 1, 0);
  send(pair[0], "y", 1, 0);
  recv(pair[1], byte, 1, 0);
  shutdown(pair[0], SHUT_RDWR);
  int queue = epoll_create1(0), counter = eventfd(0, 0);
  epoll_ctl(queue, EPOLL_CTL_ADD, counter, &event);
  epoll_wait(queue, &event, 1, 0);
}

static void processes(void) {
  int status;
  pthread_t other;
  struct rlimit limit;
  struct rusage usage;
  struct timespec moment = {0, 1000};
  pthread_create(&other, NULL, thread, NULL);
  pthread_join(other, NULL);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  const pid_t child = fork();
  if (child == 0) _exit(3);
  waitpid(child, &status, 0);
  system("true");
  nanosleep(&moment, NULL);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
  getrlimit(RLIMIT_NOFILE, &limit);
  getrusage(RUSAGE_SELF, &usage);
  umask(022);
  alarm(1);
  alarm(0);
  getpriority(PRIO_PROCESS, 0);
  kill(getpid(), 0);
  sysconf(_SC_NPROCESSORS_ONLN);
}

int main(int argc, char **argv) {
  (void)argv;
  int numbers[500];
  void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(memory, 4096, PROT_READ);
  madvise(memory, 4096, MADV_DONTNEED);
  munmap(memory, 1 << 20);
  files();
  sockets();
  processes();
  for (int i = 0; i < 500; ++i) numbers[i] = rand();
  qsort(numbers, 500, sizeof numbers[0], compare);
  for (int i = 0; i < 6; ++i) by_number(i);
  if (argc > 99) sethostname("never", 5);
  printf("%f %s %d\n", argc * 1.5, strerror(errno), numbers[0]);
  return 0;
}
