// SPDX-License-Identifier: Apache-2.0
#include "sandbox/host/registers.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstring>

namespace callgate::sandbox::host {

namespace {

#if defined(__x86_64__)

// Native: orig_rax, rdi rsi rdx r10 r8 r9. i386, also by `int $0x80` in 64-bit code: orig_eax, ebx ecx edx esi edi ebp.
bool read_call(pid_t tid, bpf::SeccompData& call) {
  user_regs_struct r{};
  if (ptrace(PTRACE_GETREGS, tid, nullptr, &r) != 0) return false;
  call.nr = static_cast<std::uint32_t>(r.orig_rax);
  if (call.arch == AUDIT_ARCH_I386) {
    call.args = {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp};
    for (std::uint64_t& argument : call.args) argument &= 0xffffffffU;
  } else {
    call.args = {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};
  }
  return true;
}

#elif defined(__aarch64__)

// Native: x8, x0 … x5. AArch32: r7, r0 … r5, in a block of 18 32-bit registers.
bool read_call(pid_t tid, bpf::SeccompData& call) {
  union {
    user_regs_struct native;
    std::uint32_t compat[18];
  } r{};
  iovec area{&r, sizeof r};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &area) != 0) return false;
  if (area.iov_len == sizeof r.compat) {
    call.nr = r.compat[7];
    for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = r.compat[i];
  } else {
    call.nr = static_cast<std::uint32_t>(r.native.regs[8]);
    for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = r.native.regs[i];
  }
  return true;
}

#else
#error "no system call registers known for this architecture"
#endif

}  // namespace

std::optional<bpf::SeccompData> last_call(pid_t tid) {
  __ptrace_syscall_info info{};
  // The answer's length; only the first fields are filled outside a syscall stop.
  const std::size_t size = sizeof info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, size, &info) <= 0) return std::nullopt;
  bpf::SeccompData call;
  call.arch = info.arch;
  call.instruction_pointer = info.instruction_pointer;
  if (!read_call(tid, call)) return std::nullopt;
  return call;
}

}  // namespace callgate::sandbox::host
