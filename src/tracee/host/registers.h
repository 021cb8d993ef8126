// The one place that knows how this machine passes system calls: registers of a stopped task as the seccomp_data that
// filters saw, and changed so that the task makes another call. Nothing outside this folder depends on the host's
// architecture.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "bpf/program.h"
#include "tracee/ptrace.h"

namespace callgate::tracee::host {

// The call that task `tid` (a thread in a ptrace stop) made last. After a seccomp kill the kernel rolls the registers
// back to what they were on entry, so at PTRACE_EVENT_EXIT they still name the fatal call. Linux >= 5.3.
std::optional<bpf::SeccompData> last_call(pid_t tid);

// General registers, laid out as the kernel gives them (NT_PRSTATUS): the size tells native from 32-bit code.
struct Registers {
  alignas(8) std::array<std::byte, 512> bytes;
  std::size_t size = 0;
};
base::Result<Registers> read_registers(pid_t tid, const Ptrace& kernel = real_ptrace());
base::Result<void> write_registers(pid_t tid, const Registers& registers, const Ptrace& kernel = real_ptrace());

bool is_compat(const Registers& registers);  // the task is in 32-bit code
std::uint64_t instruction_pointer(const Registers& registers);
void set_instruction_pointer(Registers& registers, std::uint64_t address);
std::uint64_t stack_pointer(const Registers& registers);
// What x86-64's calling convention puts into the first argument's register; 32-bit code has it on the stack.
std::uint64_t first_argument(const Registers& registers);
// Of the frame, where the code keeps one (rbp, x29): where a walk up the stack begins.
std::uint64_t frame_pointer(const Registers& registers);

using Arguments = std::array<std::uint64_t, 6>;
// The token of the calls that the instruction of this task's code makes (AUDIT_ARCH_*).
std::uint32_t audit_arch(const Registers& registers);
// At a call's entry: that call becomes another one. `audit`: of the present call, whose registers it uses.
void replace_call(Registers& registers, std::uint32_t audit, std::uint32_t nr, const Arguments& arguments);
// Anywhere else: the instruction at `site` will make this call.
void prepare_call(Registers& registers, std::uint32_t audit, std::uint64_t site, std::uint32_t nr,
                  const Arguments& arguments);
// At a call's entry, or what was saved there: the call will be made (again) by the instruction at `site`.
void prepare_again(Registers& registers, std::uint64_t site);

// The instruction that enters the kernel in this task's code, and its length.
struct CallInstruction {
  std::array<std::byte, 4> bytes;
  std::size_t length;
};
CallInstruction call_instruction(std::uint32_t audit);
// Of a breakpoint; the instruction pointer stands behind it when it was hit.
inline constexpr std::byte kBreakpoint{0xcc};

// Whether calls can be made in a task's name here: x86-64 and i386. On others the functions above that change
// registers do nothing, and inject.h refuses.
bool can_inject();

}  // namespace callgate::tracee::host
