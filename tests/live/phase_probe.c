// What a program can tell of its own phase: threads without a C library's help, and calls before and after.
// usage: phase_probe MODE. SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int may_getcwd(void) {
  char place[4096];
  return syscall(SYS_getcwd, place, sizeof place) > 0;
}

static volatile int refused, finished;

// Waits, without a call that could be a switch, until getcwd is refused to this thread.
static int wait_for_phase(void* unused) {
  (void)unused;
  for (int i = 0; i < 4000 && may_getcwd(); ++i) usleep(5000);
  if (!may_getcwd()) __sync_fetch_and_add(&refused, 1);
  __sync_fetch_and_add(&finished, 1);
  syscall(SYS_exit, 0);
  return 0;
}

static void start_threads(int count) {
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  for (int i = 0; i < count; ++i) {
    char* const stack = malloc(65536);
    if (clone(wait_for_phase, stack + 65536, flags, NULL) < 0) exit(90);
  }
}

static int own_filter(void* unused) {
  (void)unused;
  struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  struct sock_fprog program = {1, code};
  refused = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
  for (;;) pause();
  return 0;
}

int main(int argc, char** argv) {
  const char* const mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "busy") == 0) {  // is switched by time, anywhere; even before it is here
    start_threads(8);
    while (finished < 8) usleep(200);
    return refused == 8 && !may_getcwd() ? 0 : 1;
  }
  if (!may_getcwd()) return 2;
  if (strcmp(mode, "threads") == 0) {
    start_threads(8);
    access("/callgate:next", F_OK);
    while (finished < 8) usleep(1000);
    return refused == 8 && !may_getcwd() ? 0 : 1;
  }
  if (strcmp(mode, "vfork") == 0) {  // one thread waits for a child of vfork while another comes to the marker
    start_threads(1);
    if (vfork() == 0) {
      access("/callgate:next", F_OK);  // the child is a process of its own
      _exit(may_getcwd() ? 1 : 0);
    }
    int status = 0;
    wait(&status);
    if (status != 0 || !may_getcwd()) return 3;
    access("/callgate:next", F_OK);
    while (finished < 1) usleep(1000);
    return refused == 1 && !may_getcwd() ? 0 : 1;
  }
  if (strcmp(mode, "own-filter") == 0) {
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    char* const stack = malloc(65536);
    if (clone(own_filter, stack + 65536, flags, NULL) < 0) return 90;
    while (!refused) usleep(1000);
    access("/callgate:next", F_OK);
    return 0;
  }
  if (strcmp(mode, "children") == 0) {  // one of before, one of after; each tells
    const pid_t before = fork();
    if (before == 0) {
      usleep(100000);
      if (!may_getcwd()) _exit(1);
      access("/callgate:next", F_OK);
      _exit(may_getcwd() ? 2 : 0);
    }
    access("/callgate:next", F_OK);
    const pid_t after = fork();
    if (after == 0) _exit(may_getcwd() ? 3 : 0);
    int one = 0, two = 0;
    waitpid(before, &one, 0);
    waitpid(after, &two, 0);
    return one == 0 && two == 0 ? 0 : 1;
  }
  if (strcmp(mode, "asleep") == 0) {  // is switched by time, in a wait that must last
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const int slept = usleep(1500000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    const double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    return slept == 0 && seconds >= 1.5 && !may_getcwd() ? 0 : 1;
  }
  return 91;
}
