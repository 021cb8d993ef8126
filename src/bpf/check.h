// The kernel's own load checks, in its order (net/core/filter.c bpf_check_classic, kernel/seccomp.c
// seccomp_check_filter), with the errno seccomp(2) gives.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "bpf/program.h"

namespace callgate::bpf {

struct CheckFailure {
  std::size_t insn = 0;  // index of the offending instruction (program size for "no final return")
  int os_errno = 0;      // what seccomp(2) fails with: EINVAL
  std::string message;   // "jump to 12 is outside the program of 9 instructions"
  int number = 0;        // diagnostic id, CG20xx
};
// Nothing if the kernel accepts the program.
std::optional<CheckFailure> check(std::span<const Insn> program);
// The length the kernel counts for a program that passed check(): instructions of eBPF after its translation
// (net/core/filter.c bpf_convert_filter), which is more than the program's own.
std::size_t translated_size(std::span<const Insn> program);
// The stack limit as seccomp_attach_filter counts it: the newest filter's translated size, plus each older one's and
// 4, up to kMaxStackInsns. Translated sizes, oldest first. Nothing if all attach, else the first that fails with ENOMEM
// (`insn` is its index).
std::optional<CheckFailure> check_stack(std::span<const std::size_t> sizes);

}  // namespace callgate::bpf
