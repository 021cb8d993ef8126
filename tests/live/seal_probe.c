// A program for `callgate run --seal all`: says on standard output what of its seals does not hold, or "sealed".
//
//   seal_probe OUTSIDE-FOLDER NAMESPACES…        NAMESPACES: "mnt:[4026531841]", those it must not be in
//
// Expects a profile that answers acct(2) with errno 42, and nothing else of it.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int faults;

static void expect(int holds, const char* what) {
  if (holds) return;
  printf("UNSEALED: %s (errno %d)\n", what, errno);
  ++faults;
}

static void expect_privileges(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  expect(syscall(SYS_capget, &header, data) == 0 && data[0].permitted == 0 && data[1].permitted == 0 &&
             data[0].inheritable == 0 && data[1].inheritable == 0,
         "capabilities");
  for (unsigned long capability = 0; capability < 64; ++capability)
    expect(prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1, "bounding set");
  expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "no_new_privs");
  expect(syscall(SYS_acct, NULL) != 0 && errno == 42, "the profile's filter");
  struct rlimit core;
  expect(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0, "core dumps");
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  for (int signal = 1; signal < 32; ++signal) expect(sigismember(&mask, signal) == 0, "signal mask");
  for (int fd = 3; fd < 1024; ++fd) expect(fcntl(fd, F_GETFD) < 0, "an inherited file");
}

static void expect_files(const char* folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/escaped", folder);
  expect(open(path, O_CREAT | O_WRONLY, 0644) < 0, "the outer file system can be written to");
  expect(open("/etc/escaped", O_CREAT | O_WRONLY, 0644) < 0, "/etc can be written to");
  snprintf(path, sizeof path, "/tmp/probe");
  expect(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644) >= 0, "/tmp of its own");
  expect(open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0, "/proc/sys");
  struct stat info;
  expect(stat("/dev/kmsg", &info) != 0, "/dev of its own");
  expect(stat("/proc/keys", &info) != 0 || S_ISCHR(info.st_mode), "/proc/keys");
}

// Landlock alone forbids mounts to those who have the right to make them, as anybody has in a namespace of his own.
static void expect_landlock(void) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(2);
    _exit(mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  expect(status == 0, "Landlock");
}

int main(int argc, char** argv) {
  if (argc < 2) return 98;
  for (int i = 2; i < argc; ++i) {
    char path[64] = "/proc/self/ns/", target[64] = "";
    strncat(path, argv[i], strcspn(argv[i], ":"));
    expect(readlink(path, target, sizeof target - 1) > 0 && strcmp(target, argv[i]) != 0, argv[i]);
  }
  expect_privileges();
  expect_files(argv[1]);
  expect_landlock();
  if (faults == 0) puts("sealed");
  return faults == 0 ? 0 : 97;
}
