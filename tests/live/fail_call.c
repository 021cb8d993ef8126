// Runs a command under ptrace and makes one system call of it fail: the nth of the kth process, counted from 0 in the
// order in which processes are made. The call is not made; the process sees the error. Once a process other than the
// first has executed something it is let go, for then it is no launcher any more.
//
//   fail_call LOG K N ERRNO USER COMMAND…
//
// K = -1 fails nothing. LOG gets a line "k n call first-argument" for each call seen. Exits with the command's status;
// 99: something still lived after 20 seconds (it is killed). x86_64 only.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kProcesses = 64, kHung = 99 };

struct process {
  pid_t pid;
  long calls;
  int inside;   // between entry and exit of a call
  int failing;  // and that call is the one
  unsigned long long call;
  unsigned long long end;  // what brk answered last: it knows no errors, only the old end
};
static struct process processes[kProcesses];
static int count, first_executed;
static long wanted_process, wanted_call, wanted_errno;
static FILE* calls_log;

static struct process* find(pid_t pid) {
  for (int i = 0; i < count; ++i)
    if (processes[i].pid == pid) return &processes[i];
  return NULL;
}

static struct process* add(pid_t pid) {
  struct process* known = find(pid);
  if (known != NULL || count == kProcesses) return known;
  processes[count] = (struct process){pid, 0, 0, 0, 0, 0};
  return &processes[count++];
}

static void on_call(struct process* process) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) != 0) return;
  const long index = process - processes;
  process->inside = !process->inside;
  if (process->inside) {
    const long number = process->calls++;
    fprintf(calls_log, "%ld %ld %lld %llx\n", index, number, (long long)registers.orig_rax, registers.rdi);
    process->failing = index == wanted_process && number == wanted_call;
    if (!process->failing) return;
    process->call = registers.orig_rax;
    registers.orig_rax = (unsigned long long)-1;
  } else {
    if (!process->failing) {
      if (registers.orig_rax == SYS_brk) process->end = registers.rax;
      return;
    }
    process->failing = 0;
    registers.rax = process->call == SYS_brk ? process->end : (unsigned long long)-wanted_errno;
  }
  ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
}

// True if the process has been let go.
static int on_event(struct process* process, int event) {
  unsigned long child = 0;
  if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
    ptrace(PTRACE_GETEVENTMSG, process->pid, NULL, &child);
    add((pid_t)child);
  } else if (event == PTRACE_EVENT_EXEC) {
    if (process != processes) {
      ptrace(PTRACE_DETACH, process->pid, NULL, NULL);
      return 1;
    }
    first_executed = 1;
    process->calls = 0;
    process->inside = 1;  // its exit is still to come
  }
  return 0;
}

static void on_stop(pid_t pid, int status) {
  struct process* process = find(pid);
  if (process == NULL) process = add(pid);  // the child's first stop may come before its parent's event
  if (process == NULL) abort();
  const int event = status >> 16, signal = WSTOPSIG(status);
  long deliver = 0;
  if (event != 0) {
    if (on_event(process, event)) return;
  } else if (signal == (SIGTRAP | 0x80)) {
    if (first_executed) on_call(process);
  } else {
    deliver = signal;
  }
  ptrace(PTRACE_SYSCALL, pid, NULL, deliver);
}

static void hung(int signal) {
  (void)signal;
  for (int i = 0; i < count; ++i) kill(processes[i].pid, SIGKILL);
  _exit(kHung);
}

static void start(int user, char** command) {
  if (user != 0 && (setgroups(0, NULL) != 0 || setgid((gid_t)user) != 0 || setuid((uid_t)user) != 0)) _exit(98);
  raise(SIGSTOP);
  execv(command[0], command);
  _exit(98);
}

int main(int argc, char** argv) {
  if (argc < 7) return 98;
  calls_log = fopen(argv[1], "we");
  wanted_process = atol(argv[2]);
  wanted_call = atol(argv[3]);
  wanted_errno = atol(argv[4]);
  const pid_t child = fork();
  if (child == 0) start(atoi(argv[5]), argv + 6);
  add(child);
  int status = 0;
  if (calls_log == NULL || waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return 98;
  if (ptrace(PTRACE_SEIZE, child, NULL,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                 PTRACE_O_EXITKILL) != 0)
    return 98;
  kill(child, SIGCONT);
  signal(SIGALRM, hung);
  alarm(20);
  int answer = 98;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == ECHILD) break;
    if (pid < 0) continue;
    if (WIFSTOPPED(status))
      on_stop(pid, status);
    else if (pid == child)
      answer = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  fclose(calls_log);
  return answer;
}
