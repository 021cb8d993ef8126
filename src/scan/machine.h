// What the analysis has to know about a machine besides its instructions: which registers calls go through, which
// numbers system calls have, where its loader looks. A program's modules are all for one machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "arch/arch.h"

namespace callgate::scan {

// A set of general registers, bit by number.
using RegisterSet = std::uint32_t;
constexpr RegisterSet bit(unsigned reg) {
  return RegisterSet{1} << reg;
}

// Does an instruction read a register? `none` is certain.
enum class Use : std::uint8_t { none, read };

// Where control goes after an instruction.
enum class Flow : std::uint8_t {
  next,
  call,           // to a target that it states, and on
  indirect_call,  // through a register or memory, and on
  jump,           // to a target that it states
  branch,         // the same, or on
  indirect_jump,  // through a register, or memory that a register points to
  slot_jump,      // through memory whose address it states
  returns,
  stops,  // it traps
};
constexpr bool is_any_call(Flow f) {
  return f == Flow::call || f == Flow::indirect_call;
}
constexpr bool is_any_indirect_jump(Flow f) {
  return f == Flow::indirect_jump || f == Flow::slot_jump;
}
// Control never goes on to the next instruction.
constexpr bool is_end(Flow f) {
  return f == Flow::jump || is_any_indirect_jump(f) || f == Flow::returns || f == Flow::stops;
}

struct Machine {
  arch::Arch arch;
  std::uint16_t elf;  // EM_…
  std::uint8_t call_number;
  std::array<std::uint8_t, 6> call_arguments;  // of a system call
  std::array<std::uint8_t, 6> parameters;      // of a function
  RegisterSet result, results;                 // of a function: the register that is always lost, all that may hold any
  std::uint8_t stack_pointer, frame_pointer;
  RegisterSet caller_saved;          // what a function may change without giving it back
  std::uint8_t return_address_size;  // what a call puts on the stack
  std::uint8_t code_alignment;       // instructions stand at multiples of it
  // The loader: what $LIB and $PLATFORM mean, the flags of a library in ld.so.cache, where glibc's looks through last.
  std::string_view library_folder, platform;
  std::uint32_t cache_flags;
  std::array<std::string_view, 6> library_directories;

  // The number of a system call; nothing where this machine has none of that name.
  std::optional<std::uint32_t> number_of(std::string_view call) const;
};

// Those that can be analysed.
std::span<const Machine> machines();
// Null for any other. `elf`: EM_…
const Machine* find_machine(std::uint16_t elf);

}  // namespace callgate::scan
