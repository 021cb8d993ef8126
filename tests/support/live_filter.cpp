// SPDX-License-Identifier: Apache-2.0
#include "support/live_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>

#include "bpf/simulate.h"
#include "support/i386.h"

namespace callgate::test_support {

namespace {

constexpr std::uint16_t kPassed = 4000;  // the guard's errno
constexpr std::uint32_t kI386Seccomp = 354;

struct Shared {
  volatile std::uint64_t next;        // index of the call about to be made
  volatile std::int32_t setup_errno;  // 0: all filters are installed
  volatile std::uint32_t ready;
  Observed* observed() { return reinterpret_cast<Observed*>(this + 1); }  // one a call
};

sigjmp_buf trap_return;
volatile int trap_data;

void on_sigsys(int, siginfo_t* info, void*) {
  trap_data = info->si_errno;
  siglongjmp(trap_return, 1);  // rt_sigreturn may be denied
}

std::int64_t native_call(const policy::Call& call) {
  std::int64_t result = static_cast<std::int64_t>(static_cast<std::uint64_t>(call.nr));
  register std::uint64_t r10 asm("r10") = call.args[3];
  register std::uint64_t r8 asm("r8") = call.args[4];
  register std::uint64_t r9 asm("r9") = call.args[5];
  asm volatile("syscall"
               : "+a"(result)
               : "D"(call.args[0]), "S"(call.args[1]), "d"(call.args[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

std::int64_t i386_call(const policy::Call& call) {
  std::uint64_t result = call.nr;
  const std::uint64_t sixth = call.args[5];
  asm volatile(
      "push %%rbp\n\t"
      "mov %[sixth], %%rbp\n\t"
      "int $0x80\n\t"
      "pop %%rbp"
      : "+a"(result)
      : "b"(call.args[0]), "c"(call.args[1]), "d"(call.args[2]), "S"(call.args[3]),
        "D"(call.args[4]), [sixth] "r"(sixth)
      : "memory", "r8", "r9", "r10", "r11", "cc");
  return static_cast<std::int32_t>(result);
}

int install(const sock_fprog& program) {
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

// `seccomp` itself passes the guard, or no other filter could be installed.
int install_all(std::span<const bpf::Program> oldest_first) {
  sock_filter guard[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | kPassed),
  };
  const sock_fprog guard_program{static_cast<unsigned short>(std::size(guard)), guard};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || install(guard_program) != 0) return errno;
  for (const bpf::Program& tested : oldest_first) {
    std::vector<sock_filter> copy(tested.size());
    std::memcpy(copy.data(), tested.data(), tested.size() * sizeof(bpf::Insn));
    const sock_fprog program{static_cast<unsigned short>(copy.size()), copy.data()};
    if (install(program) != 0) return errno;
  }
  return 0;
}

Observed make(const policy::Call& call) {
  if (sigsetjmp(trap_return, 0) != 0) return {Observed::Kind::trapped, static_cast<std::uint16_t>(trap_data)};
  const std::int64_t result = call.audit == AUDIT_ARCH_I386 ? i386_call(call) : native_call(call);
  if (result == -kPassed) return {Observed::Kind::passed, 0};
  return {Observed::Kind::errno_, static_cast<std::uint16_t>(-result)};
}

[[noreturn]] void child_main(Shared& shared, std::span<const bpf::Program> filters,
                             std::span<const policy::Call> calls) {
  struct sigaction action{};
  action.sa_sigaction = on_sigsys;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
  shared.setup_errno = install_all(filters);
  shared.ready = 1;
  if (shared.setup_errno == 0) {
    for (std::uint64_t i = shared.next; i < calls.size(); ++i) {
      shared.next = i;
      shared.observed()[i] = make(calls[i]);
    }
    shared.next = calls.size();
  }
  __builtin_trap();
}

}  // namespace

std::string to_string(const Observed& observed) {
  switch (observed.kind) {
    case Observed::Kind::none:
      return "nothing";
    case Observed::Kind::errno_:
      return "errno " + std::to_string(observed.data);
    case Observed::Kind::passed:
      return "passed";
    case Observed::Kind::trapped:
      return "SIGSYS with errno " + std::to_string(observed.data);
    case Observed::Kind::killed:
      return "killed";
  }
  return "?";
}

Observed expected(policy::Action action) {
  switch (action.kind) {
    case policy::ActionKind::kill_process:
    case policy::ActionKind::kill_thread:
      return {Observed::Kind::killed, 0};
    case policy::ActionKind::trap:
      return {Observed::Kind::trapped, action.data};
    case policy::ActionKind::errno_:
      // The guard's own errno cannot be told from it.
      return action.data == kPassed ? Observed{Observed::Kind::passed, 0}
                                    : Observed{Observed::Kind::errno_, action.data};
    default:
      return {Observed::Kind::passed, 0};
  }
}

bool can_make(const policy::Call& call) {
  if (bpf::bypasses_filters(call.audit, call.nr)) return false;
  if (call.audit == AUDIT_ARCH_X86_64) return (call.nr & ~0x40000000U) != SYS_seccomp;
  if (!runs_i386() || call.audit != AUDIT_ARCH_I386 || call.nr == kI386Seccomp || call.nr == SYS_seccomp) return false;
  return std::all_of(call.args.begin(), call.args.end(), [](std::uint64_t a) { return a <= 0xffffffff; });
}

LiveRun observe(std::span<const bpf::Insn> program, std::span<const policy::Call> calls) {
  const bpf::Program alone(program.begin(), program.end());
  return observe_stack({&alone, 1}, calls);
}

LiveRun observe_stack(std::span<const bpf::Program> oldest_first, std::span<const policy::Call> calls) {
  LiveRun run;
  run.observed.resize(calls.size());
  const std::size_t bytes = sizeof(Shared) + calls.size() * sizeof(Observed);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    run.error = "mmap failed";
    return run;
  }
  auto& shared = *static_cast<Shared*>(memory);
  while (shared.next < calls.size()) {
    shared.ready = 0;
    const pid_t child = fork();
    if (child == 0) child_main(shared, oldest_first, calls);
    ++run.children;
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
      run.error = "fork or waitpid failed";
      break;
    }
    if (shared.ready == 0 || shared.setup_errno != 0) {
      run.error = std::string("the filters could not be installed: ") + std::strerror(shared.setup_errno);
      break;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
      shared.observed()[shared.next] = {Observed::Kind::killed, 0};
      shared.next = shared.next + 1;
    } else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGILL) {
      run.error =
          "the child ended with wait status " + std::to_string(status) + " at call " + std::to_string(shared.next);
      break;
    }
  }
  std::copy_n(shared.observed(), calls.size(), run.observed.begin());
  munmap(memory, bytes);
  return run;
}

bpf::Program with_marked_returns(std::span<const bpf::Insn> program, std::vector<std::uint32_t>& marks) {
  bpf::Program marked(program.begin(), program.end());
  for (bpf::Insn& insn : marked) {
    if (insn.code != bpf::op::kRetK) continue;
    auto at = std::find(marks.begin(), marks.end(), insn.k);
    if (at == marks.end()) at = marks.insert(marks.end(), insn.k);
    insn.k = bpf::kRetErrno | (kFirstMark + static_cast<std::uint32_t>(at - marks.begin()));
  }
  return marked;
}

}  // namespace callgate::test_support
