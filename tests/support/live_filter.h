// Asks the live kernel what a filter does with calls, without ever letting one run.
//
// A forked child installs two filters: first a guard that answers ERRNO(kPassed) to everything, then the filter under
// test. The kernel takes the most restrictive answer, and of two ERRNOs the newer filter's, so what the tested filter
// denies is seen as it is and what it lets through is seen as kPassed. The child makes its calls by bare instructions,
// writes results to shared memory and ends by an illegal instruction, since every call may be denied it.
// x86_64 only: native calls, x32 numbers, and i386 calls by `int $0x80`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::test_support {

struct Observed {
  enum class Kind : std::uint8_t { none, errno_, passed, trapped, killed };
  Kind kind = Kind::none;  // passed: ALLOW, LOG, TRACE or NOTIFY
  std::uint16_t data = 0;  // errno or trap datum
  bool operator==(const Observed&) const = default;
};
std::string to_string(const Observed& observed);

// What `action` looks like from inside the child.
Observed expected(policy::Action action);

// Whether the child can make this call: x86_64's token, and i386's where the kernel has it, with arguments within 32
// bits, not the seccomp call itself (it installs the filters) and not the numbers that bypass filters.
bool can_make(const policy::Call& call);

// One observation a call. An empty `error` means the child could be set up.
struct LiveRun {
  std::vector<Observed> observed;
  std::string error;
  std::size_t children = 0;  // a killed child is replaced by the next
};
LiveRun observe(std::span<const bpf::Insn> program, std::span<const policy::Call> calls);
// The same for filters stacked in that order; all but the last must let native seccomp(2) through.
LiveRun observe_stack(std::span<const bpf::Program> oldest_first, std::span<const policy::Call> calls);

// The same control flow with every constant return replaced by an ERRNO of its own, so that all eight actions can be
// told apart without killing anyone. `marks[i]` is what ERRNO(kFirstMark + i) stands for.
inline constexpr std::uint16_t kFirstMark = 3000;
bpf::Program with_marked_returns(std::span<const bpf::Insn> program, std::vector<std::uint32_t>& marks);

}  // namespace callgate::test_support
