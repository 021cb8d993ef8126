// Random programs for the tests: valid by construction, with every opcode that a seccomp filter may use. The
// generator is std::mt19937_64 with the seed a test prints, and draws by remainder, so a seed means the same
// everywhere. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <random>

#include "bpf/program.h"

namespace callgate::bpf::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  // Edges of 32 bits, small numbers and anything.
  std::uint32_t word() {
    constexpr std::array<std::uint32_t, 8> kEdges{0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
    if (one_in(3)) return kEdges[below(kEdges.size())];
    if (one_in(2)) return below(256);
    return static_cast<std::uint32_t>(engine_());
  }
  std::uint64_t wide() { return std::uint64_t{word()} << 32 | word(); }

 private:
  std::mt19937_64 engine_;
};

inline constexpr std::array<std::uint16_t, 9> kAluOps{op::kAddK, op::kSubK, op::kMulK, op::kDivK, op::kOrK,
                                                      op::kAndK, op::kXorK, op::kLshK, op::kRshK};
inline constexpr std::array<std::uint16_t, 4> kJumpOps{op::kJeqK, op::kJgtK, op::kJgeK, op::kJsetK};

// One straight-line instruction; `written` holds the scratch words that every path has written, and grows.
inline Insn random_step(Random& random, std::uint16_t& written) {
  const auto scratch_load = [&](std::uint16_t code) {
    const std::uint32_t k = random.below(16);
    return (written >> k & 1) != 0 ? Insn{code, 0, 0, k} : Insn{op::kTax, 0, 0, 0};
  };
  switch (random.below(12)) {
    case 0:
      return {op::kLdImm, 0, 0, random.word()};
    case 1:
      return scratch_load(op::kLdMem);
    case 2:
      return scratch_load(op::kLdxMem);
    case 3:
      return {random.one_in(2) ? op::kLdLen : op::kLdxLen, 0, 0, 0};
    case 4:
      return {op::kLdxImm, 0, 0, random.word()};
    case 5: {
      const std::uint32_t k = random.below(16);
      written = static_cast<std::uint16_t>(written | 1U << k);
      return {random.one_in(2) ? op::kSt : op::kStx, 0, 0, k};
    }
    case 6:
      return {random.one_in(2) ? op::kTax : op::kTxa, 0, 0, 0};
    case 7:
      return {op::kNeg, 0, 0, 0};
    case 8:
    case 9: {
      const std::uint16_t code = kAluOps[random.below(kAluOps.size())];
      if (random.one_in(2)) return {static_cast<std::uint16_t>(code | op::kAluX), 0, 0, 0};
      std::uint32_t k = random.word();
      if (code == op::kDivK && k == 0) k = 7;
      if (code == op::kLshK || code == op::kRshK) k %= 32;
      return {code, 0, 0, k};
    }
    default:
      return {op::kLdAbs, 0, 0, 4 * random.below(16)};
  }
}

// A jump that stays inside `left` following instructions (left > 0).
inline Insn random_jump(Random& random, std::uint32_t left) {
  const std::uint32_t reach = std::min(left, 256U);
  if (random.one_in(6)) return {op::kJa, 0, 0, random.below(left)};
  const std::uint16_t code = kJumpOps[random.below(kJumpOps.size())];
  const auto jt = static_cast<std::uint8_t>(random.below(reach)), jf = static_cast<std::uint8_t>(random.below(reach));
  if (random.one_in(3)) return {static_cast<std::uint16_t>(code | op::kAluX), jt, jf, 0};
  return {code, jt, jf, random.word()};
}

// `size` instructions (2 and more), the last a return. Scratch words are read only if written before the first jump.
inline Program random_program(Random& random, std::uint32_t size) {
  Program program;
  std::uint16_t written = 0;
  bool jumped = false;
  while (program.size() + 1 < size) {
    const auto left = static_cast<std::uint32_t>(size - program.size() - 1);
    if (random.one_in(4)) {
      program.push_back(random_jump(random, left));
      jumped = true;
    } else if (random.one_in(24)) {
      program.push_back(random.one_in(3) ? Insn{op::kRetA, 0, 0, 0} : Insn{op::kRetK, 0, 0, random.word()});
    } else {
      std::uint16_t written_here = written;
      program.push_back(random_step(random, written_here));
      if (!jumped) written = written_here;
    }
  }
  program.push_back(random.one_in(2) ? Insn{op::kRetA, 0, 0, 0} : Insn{op::kRetK, 0, 0, kRetErrno | random.below(99)});
  return program;
}

}  // namespace callgate::bpf::testing
