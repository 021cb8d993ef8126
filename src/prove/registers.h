// What A, X and the scratch words hold on a path through a program, as far as decompiling follows it: a constant, or
// bits of one word of the call. Everything else is unknown, which matters only where it is compared or returned.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bpf/program.h"
#include "prove/word_ranges.h"

namespace callgate::prove {

struct Held {
  enum class Kind : std::uint8_t { constant, word, unknown };
  Kind kind = Kind::constant;
  std::uint8_t word = 0;  // kind word: (word & mask) >> shift; mask has no bit below shift, and is not 0
  std::uint8_t shift = 0;
  std::uint32_t mask = 0;
  std::uint32_t value = 0;  // of a constant; of an unknown value the instruction that computed it
  auto operator<=>(const Held&) const = default;
};

struct Registers {
  static constexpr std::size_t kA = 0, kX = 1, kScratch = 2, kCount = 18;
  std::array<Held, kCount> held{};
  auto operator<=>(const Registers&) const = default;
};

// By instruction: bit i is set if what registers.held[i] holds before it can still matter.
std::vector<std::uint32_t> live_before(std::span<const bpf::Insn> program);

// Where an instruction leads: on to the next; to a return; or to one of two places.
struct Onward {};
struct Returned {
  Held value;
};
// `test` where it depends on the call, else `known`.
struct Branching {
  bool is_known = false, known = false;
  WordTest test;
};
struct Beyond {
  std::string why;  // with the instruction's index
};
using Step = std::variant<Onward, Returned, Branching, Beyond>;
// Changes `registers` and says where it leads. `pc` is of an instruction of a program that passed bpf::check; JA is the
// caller's business.
Step step(std::span<const bpf::Insn> program, std::size_t pc, Registers& registers);

}  // namespace callgate::prove
