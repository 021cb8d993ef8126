// SPDX-License-Identifier: Apache-2.0
#include "tracee/host/answer.h"

#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstddef>

namespace callgate::tracee::host {

namespace {

int relabel_information(pid_t tid, std::uint32_t nr, const Ptrace& kernel) {
  siginfo_t information{};
  if (const long e = kernel.request(PTRACE_GETSIGINFO, tid, 0, &information); e < 0) return static_cast<int>(e);
  information.si_syscall = static_cast<int>(nr);
  return static_cast<int>(kernel.request(PTRACE_SETSIGINFO, tid, 0, &information));
}

}  // namespace

#if defined(__x86_64__)

namespace {

int poke(pid_t tid, std::size_t offset, std::uint64_t value, const Ptrace& kernel) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): how ptrace takes a number
  return static_cast<int>(kernel.request(PTRACE_POKEUSER, tid, offset, reinterpret_cast<void*>(value)));
}

constexpr std::size_t kNumber = offsetof(user_regs_struct, orig_rax), kResult = offsetof(user_regs_struct, rax);

}  // namespace

int answer_call(pid_t tid, std::int64_t result, const Ptrace& kernel) {
  if (const int e = poke(tid, kNumber, ~std::uint64_t{0}, kernel); e < 0) return e;
  return poke(tid, kResult, static_cast<std::uint64_t>(result), kernel);
}

int renumber_call(pid_t tid, std::uint32_t nr, const Ptrace& kernel) {
  return poke(tid, kNumber, nr, kernel);
}

int relabel_signal(pid_t tid, std::uint32_t nr, const Ptrace& kernel) {
  // The kernel has rolled the call back: rax holds the number, too (syscall_rollback).
  if (const int e = poke(tid, kNumber, nr, kernel); e < 0) return e;
  if (const int e = poke(tid, kResult, nr, kernel); e < 0) return e;
  return relabel_information(tid, nr, kernel);
}

#elif defined(__aarch64__)

namespace {

int set_number(pid_t tid, int nr, const Ptrace& kernel) {
  iovec area{&nr, sizeof nr};
  return static_cast<int>(kernel.request(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &area));
}

}  // namespace

int answer_call(pid_t tid, std::int64_t result, const Ptrace& kernel) {
  if (const int e = set_number(tid, -1, kernel); e < 0) return e;
  user_regs_struct registers{};
  iovec area{&registers, sizeof registers};
  if (const long e = kernel.request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &area); e < 0) return static_cast<int>(e);
  registers.regs[0] = static_cast<std::uint64_t>(result);
  return static_cast<int>(kernel.request(PTRACE_SETREGSET, tid, NT_PRSTATUS, &area));
}

int renumber_call(pid_t tid, std::uint32_t nr, const Ptrace& kernel) {
  return set_number(tid, static_cast<int>(nr), kernel);
}

int relabel_signal(pid_t tid, std::uint32_t nr, const Ptrace& kernel) {
  return relabel_information(tid, nr, kernel);  // x8 was never changed
}

#endif

}  // namespace callgate::tracee::host
