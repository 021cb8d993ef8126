// Runs a program as the kernel would, with coverage; and the kernel's action cache and cost, computed without it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bpf/program.h"

namespace callgate::bpf {

struct Run {
  std::uint32_t value = 0;     // as returned: action | data
  std::uint32_t executed = 0;  // instructions, the return included
};
// The program must have passed check(). Division by X = 0 returns 0 (KILL_THREAD); shifts by X are masked to 5 bits.
Run run(std::span<const Insn> program, const SeccompData& data);
// As run(), and marks covered[i] for each executed instruction (covered.size() == program.size()).
Run run(std::span<const Insn> program, const SeccompData& data, std::vector<bool>& covered);
// A stack, newest first (PTRACE_SECCOMP_GET_FILTER counts from the oldest): the value with the most restrictive action
// wins; of equal actions the newest filter's (kernel/seccomp.c seccomp_run_filters: it keeps the first it meets).
std::uint32_t run_stack(std::span<const Program> newest_first, const SeccompData& data);

// Whether the kernel (Linux >= 5.11) caches `nr` of `arch` as always allowed by this program: seccomp_is_const_allow.
// It follows only LD W ABS of nr and arch, JA, JEQ/JGE/JGT/JSET #k, AND #k, and RET #0x7fff0000 exactly.
struct CacheProbe {
  bool always_allowed = false;
  std::uint32_t steps = 0;  // instructions emulated
};
CacheProbe probe_cache(std::span<const Insn> program, std::uint32_t arch, std::uint32_t nr);

// Native x86_64 numbers 335 (uretprobe, since Linux 6.14 and stable updates of older ones) and 336 (uprobe, 6.18) count
// as always allowed and never reach a filter (kernel/seccomp.c seccomp_uprobe_exception).
bool bypasses_filters(std::uint32_t arch, std::uint32_t nr);

struct Cost {
  std::size_t instructions = 0;
  double executed_avg = 0;  // mean over `numbers`, arguments zero
  std::uint32_t executed_max = 0;
  std::uint32_t cached_calls = 0;  // of `numbers`
  std::uint64_t load_steps = 0;    // instructions that seccomp(2) emulates for the cache over `numbers`
};
Cost cost(std::span<const Insn> program, std::uint32_t arch, std::span<const std::uint32_t> numbers);

}  // namespace callgate::bpf
