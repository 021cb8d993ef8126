// What register A holds before each instruction, and which architecture is certain there. Classic BPF only jumps
// forward, so one pass in program order meets every predecessor first; where paths join, what differs is dropped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "bpf/program.h"

namespace callgate::bpf {

struct Known {
  bool reachable = false;
  std::optional<std::uint32_t> word;  // A = seccomp_data word at this offset & mask
  std::uint32_t mask = 0xffffffff;
  std::optional<std::uint32_t> arch;  // AUDIT_ARCH value that a test before has established
  bool operator==(const Known&) const = default;
};
// One entry an instruction. Any program will do, also one that check() refuses.
std::vector<Known> known_before(std::span<const Insn> program);

// The byte order that the program's own architecture tests state; little endian if it has none.
bool looks_little_endian(std::span<const Insn> program);

bool is_conditional(std::uint16_t code);  // JEQ, JGT, JGE, JSET with K or X

}  // namespace callgate::bpf
