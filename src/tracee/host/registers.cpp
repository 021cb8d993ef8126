// SPDX-License-Identifier: Apache-2.0
#include "tracee/host/registers.h"

#include <elf.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstring>

#include "base/io.h"

namespace callgate::tracee::host {

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

base::Result<Registers> read_registers(pid_t tid, const Ptrace& kernel) {
  Registers registers{};
  iovec area{registers.bytes.data(), registers.bytes.size()};
  if (const long e = kernel.request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &area); e < 0)
    return base::fail(base::ErrorCode::io,
                      fmt::format("registers of task {}: {}", tid, base::errno_text(static_cast<int>(-e))),
                      static_cast<int>(-e));
  registers.size = area.iov_len;
  return registers;
}

base::Result<void> write_registers(pid_t tid, const Registers& registers, const Ptrace& kernel) {
  Registers copy = registers;
  iovec area{copy.bytes.data(), copy.size};
  if (const long e = kernel.request(PTRACE_SETREGSET, tid, NT_PRSTATUS, &area); e < 0)
    return base::fail(base::ErrorCode::io,
                      fmt::format("setting registers of task {}: {}", tid, base::errno_text(static_cast<int>(-e))),
                      static_cast<int>(-e));
  return {};
}

namespace {

template <class Word>
Word word(const Registers& registers, std::size_t index) {
  Word value{};
  std::memcpy(&value, registers.bytes.data() + index * sizeof(Word), sizeof value);
  return value;
}

#if defined(__x86_64__)

// Indexes into the kernel's blocks (arch/x86/include/asm/user_64.h, user32.h).
enum Native : std::size_t { kR9 = 8, kR8 = 9, kRax = 10, kRdx = 12, kRsi = 13, kRdi = 14, kOrigRax = 15, kRip = 16 };
enum NativeMore : std::size_t { kRbp = 4, kRbx = 5, kR10 = 7, kRcx = 11, kRsp = 19 };
enum Compat : std::size_t { kEbx, kEcx, kEdx, kEsi, kEdi, kEbp, kEax, kOrigEax = 11, kEip = 12, kEsp = 15 };
constexpr std::size_t kCompatBytes = std::size_t{17} * 4;
constexpr std::uint64_t kNoCall = ~std::uint64_t{0};  // in orig_rax: no call to be restarted

void put(Registers& registers, std::size_t native, std::size_t compat, std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  if (is_compat(registers))
    std::memcpy(registers.bytes.data() + compat * sizeof low, &low, sizeof low);
  else
    std::memcpy(registers.bytes.data() + native * sizeof value, &value, sizeof value);
}

std::uint64_t get(const Registers& registers, std::size_t native, std::size_t compat) {
  return is_compat(registers) ? word<std::uint32_t>(registers, compat) : word<std::uint64_t>(registers, native);
}

void put_arguments(Registers& registers, std::uint32_t audit, const Arguments& arguments) {
  constexpr std::array<std::size_t, 6> kNative{kRdi, kRsi, kRdx, kR10, kR8, kR9};
  constexpr std::array<std::size_t, 6> kOfI386{kRbx, kRcx, kRdx, kRsi, kRdi, kRbp};
  constexpr std::array<std::size_t, 6> kCompat{kEbx, kEcx, kEdx, kEsi, kEdi, kEbp};
  for (std::size_t i = 0; i < arguments.size(); ++i)
    put(registers, audit == AUDIT_ARCH_I386 ? kOfI386[i] : kNative[i], kCompat[i], arguments[i]);
}

#endif

}  // namespace

#if defined(__x86_64__)

bool can_inject() {
  return true;
}

bool is_compat(const Registers& registers) {
  return registers.size == kCompatBytes;
}

std::uint64_t instruction_pointer(const Registers& registers) {
  return get(registers, kRip, kEip);
}

void set_instruction_pointer(Registers& registers, std::uint64_t address) {
  put(registers, kRip, kEip, address);
}

std::uint64_t stack_pointer(const Registers& registers) {
  return get(registers, kRsp, kEsp);
}

std::uint64_t first_argument(const Registers& registers) {
  return get(registers, kRdi, kEax);
}

std::uint64_t frame_pointer(const Registers& registers) {
  return get(registers, kRbp, kEbp);
}

std::uint32_t audit_arch(const Registers& registers) {
  return is_compat(registers) ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
}

void replace_call(Registers& registers, std::uint32_t audit, std::uint32_t nr, const Arguments& arguments) {
  put(registers, kOrigRax, kOrigEax, nr);
  put_arguments(registers, audit, arguments);
}

void prepare_call(Registers& registers, std::uint32_t audit, std::uint64_t site, std::uint32_t nr,
                  const Arguments& arguments) {
  put(registers, kRax, kEax, nr);
  put(registers, kOrigRax, kOrigEax, kNoCall);
  put(registers, kRip, kEip, site);
  put_arguments(registers, audit, arguments);
}

void prepare_again(Registers& registers, std::uint64_t site) {
  put(registers, kRax, kEax, get(registers, kOrigRax, kOrigEax));
  put(registers, kOrigRax, kOrigEax, kNoCall);
  put(registers, kRip, kEip, site);
}

CallInstruction call_instruction(std::uint32_t audit) {
  if (audit == AUDIT_ARCH_I386) return {{std::byte{0xcd}, std::byte{0x80}}, 2};  // int $0x80
  return {{std::byte{0x0f}, std::byte{0x05}}, 2};                                // syscall
}

#else

// A call that was interrupted cannot be put back by ptrace here: the kernel keeps its first argument to itself.
bool can_inject() {
  return false;
}

bool is_compat(const Registers& registers) {
  return registers.size == std::size_t{18} * 4;
}

std::uint64_t instruction_pointer(const Registers& registers) {
  return is_compat(registers) ? word<std::uint32_t>(registers, 15) : word<std::uint64_t>(registers, 32);
}

void set_instruction_pointer(Registers&, std::uint64_t) {}

std::uint64_t stack_pointer(const Registers& registers) {
  return is_compat(registers) ? word<std::uint32_t>(registers, 13) : word<std::uint64_t>(registers, 31);
}

std::uint64_t first_argument(const Registers& registers) {
  return is_compat(registers) ? word<std::uint32_t>(registers, 0) : word<std::uint64_t>(registers, 0);
}

std::uint64_t frame_pointer(const Registers& registers) {
  return is_compat(registers) ? word<std::uint32_t>(registers, 11) : word<std::uint64_t>(registers, 29);
}

std::uint32_t audit_arch(const Registers& registers) {
  return is_compat(registers) ? AUDIT_ARCH_ARM : AUDIT_ARCH_AARCH64;
}

void replace_call(Registers&, std::uint32_t, std::uint32_t, const Arguments&) {}
void prepare_call(Registers&, std::uint32_t, std::uint64_t, std::uint32_t, const Arguments&) {}
void prepare_again(Registers&, std::uint64_t) {}

CallInstruction call_instruction(std::uint32_t) {
  return {{std::byte{0x01}, std::byte{0x00}, std::byte{0x00}, std::byte{0xd4}}, 4};  // svc #0
}

#endif

}  // namespace callgate::tracee::host
