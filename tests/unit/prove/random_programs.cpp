// See random_programs.h.
// SPDX-License-Identifier: Apache-2.0
#include "unit/prove/random_programs.h"

#include <algorithm>

#include "bpf/check.h"
#include "bpf/simulate.h"

namespace callgate::prove {
namespace {

using test_support::Random;

constexpr std::uint32_t kReturns[] = {0x7fff0000, 0x00050001, 0x00050026, 0x80000000, 0x00000000,
                                      0x00030000, 0x7ffc0000, 0x7ff00005, 0x7fc00000, 0x00051fff};

std::uint32_t nearby(std::uint32_t k, Random& random) {
  switch (random.below(6)) {
    case 0:
      return k + 1;
    case 1:
      return k - 1;
    case 2:
      return k ^ (1U << random.below(32));
    case 3:
      return 0;
    case 4:
      return k | 0x80000000;
    default:
      return static_cast<std::uint32_t>(random.pick(test_support::boundary_values()));
  }
}

std::uint32_t pick_constant(Random& random) {
  if (random.one_in(3)) return static_cast<std::uint32_t>(random.below(8));
  if (random.one_in(3)) return 1U << random.below(32);
  return static_cast<std::uint32_t>(random.pick(test_support::boundary_values()));
}

void change(bpf::Insn& insn, Random& random) {
  switch (insn.code) {
    case bpf::op::kRetK:
      insn.k = random.pick(std::span<const std::uint32_t>(kReturns));
      return;
    case bpf::op::kLdAbs:
      insn.k = static_cast<std::uint32_t>(random.below(16)) * 4;
      return;
    case bpf::op::kJeqK:
    case bpf::op::kJgtK:
    case bpf::op::kJgeK:
    case bpf::op::kJsetK:
      if (random.one_in(4)) {
        std::swap(insn.jt, insn.jf);
      } else if (random.one_in(4)) {
        constexpr std::uint16_t kJumps[] = {bpf::op::kJeqK, bpf::op::kJgtK, bpf::op::kJgeK, bpf::op::kJsetK};
        insn.code = random.pick(std::span<const std::uint16_t>(kJumps));
      } else {
        insn.k = nearby(insn.k, random);
      }
      return;
    default:
      insn.k = random.one_in(2) ? nearby(insn.k, random) : static_cast<std::uint32_t>(random.below(16));
      return;
  }
}

}  // namespace

bpf::Program mutate(const bpf::Program& program, Random& random) {
  for (;;) {
    bpf::Program copy = program;
    change(copy[random.below(copy.size())], random);
    if (copy != program && !bpf::check(copy)) return copy;
  }
}

namespace {

bpf::Insn random_insn(Random& random, const ProgramShape& shape, std::size_t left) {
  namespace op = bpf::op;
  const auto load = [&] {
    return bpf::Insn{op::kLdAbs, 0, 0, 4 * (shape.first_word + static_cast<std::uint32_t>(random.below(shape.words)))};
  };
  if (shape.masks && random.one_in(4)) {
    const auto bits = static_cast<std::uint32_t>(random.next() & random.next());
    return {op::kAndK, 0, 0, random.one_in(2) ? bits : bits & 0xff};
  }
  const std::uint16_t x = shape.arithmetic && random.one_in(3) ? op::kAluX : std::uint16_t{0};
  switch (random.below(shape.arithmetic ? 8 : 4)) {
    case 0:
      return load();
    case 1:
    case 2: {
      constexpr std::uint16_t kJumps[] = {op::kJeqK, op::kJgtK, op::kJgeK, op::kJsetK};
      const auto jump = static_cast<std::uint16_t>(random.pick(std::span<const std::uint16_t>(kJumps)) | x);
      const auto far = [&] { return static_cast<std::uint8_t>(random.below(std::min<std::size_t>(left, 5))); };
      const std::uint32_t k =
          shape.masks && random.one_in(4) ? static_cast<std::uint32_t>(random.below(256)) : pick_constant(random);
      return {jump, far(), far(), k};
    }
    case 3:
      if (!random.one_in(3)) return load();
      return {op::kRetK, 0, 0, random.pick(std::span<const std::uint32_t>(kReturns))};
    case 4: {
      constexpr std::uint16_t kMoves[] = {op::kLdImm, op::kLdMem, op::kLdLen, op::kLdxImm, op::kLdxMem, op::kLdxLen,
                                          op::kSt,    op::kStx,   op::kTax,   op::kTxa,    op::kTax,    op::kRetA};
      return {random.pick(std::span<const std::uint16_t>(kMoves)), 0, 0, static_cast<std::uint32_t>(random.below(3))};
    }
    default: {
      constexpr std::uint16_t kAlu[] = {op::kAddK, op::kSubK, op::kOrK, op::kAndK, op::kXorK, op::kAndK,
                                        op::kLshK, op::kRshK, op::kNeg, op::kMulK, op::kDivK};
      const std::size_t choices = std::size(kAlu) - (shape.multiplication ? 0 : 2);
      const std::uint16_t code = kAlu[random.below(choices)];
      if (code == op::kNeg) return {code, 0, 0, 0};
      const bool shift = code == op::kLshK || code == op::kRshK;
      if (shift) return {code, 0, 0, static_cast<std::uint32_t>(random.below(32))};
      return {static_cast<std::uint16_t>(code | x), 0, 0, pick_constant(random)};
    }
  }
}

}  // namespace

bpf::Program random_program(Random& random, const ProgramShape& shape) {
  for (;;) {
    bpf::Program program{
        {bpf::op::kLdAbs, 0, 0, 4 * (shape.first_word + static_cast<std::uint32_t>(random.below(shape.words)))}};
    while (program.size() < shape.body) program.push_back(random_insn(random, shape, shape.body - program.size()));
    for (int i = 0; i < 5; ++i)
      program.push_back({bpf::op::kRetK, 0, 0, random.pick(std::span<const std::uint32_t>(kReturns))});
    if (!bpf::check(program)) return program;
  }
}

std::vector<bpf::SeccompData> random_data(const bpf::Program& program, Random& random, std::size_t count) {
  std::vector<std::uint32_t> values{0, 1, 0xffffffff, 0x80000000};
  for (const bpf::Insn& insn : program)
    for (const std::uint32_t k : {insn.k, insn.k + 1, insn.k - 1, ~insn.k, 0U - insn.k}) values.push_back(k);
  const auto word = [&] {
    const std::uint32_t value = random.pick(std::span<const std::uint32_t>(values));
    return random.one_in(6) ? value ^ (1U << random.below(32)) : value;
  };
  const auto wide = [&] { return std::uint64_t{word()} << 32 | word(); };
  std::vector<bpf::SeccompData> all(count);
  for (bpf::SeccompData& data : all) {
    data = {word(), random.one_in(2) ? 0xc000003eU : word(), wide(), {}};
    for (std::uint64_t& arg : data.args) arg = wide();
  }
  return all;
}

bpf::SeccompData data_of(const policy::Call& call, std::uint64_t instruction_pointer) {
  return {call.nr, call.audit, instruction_pointer, call.args};
}

policy::Action answer(const bpf::Program& program, const bpf::SeccompData& data) {
  return policy::from_return_value(bpf::run(program, data).value);
}

bool is_confirmed(const policy::Policy& policy, const bpf::Program& program, const Outcome& outcome) {
  if (!outcome.counterexample) return false;
  const Counterexample& c = *outcome.counterexample;
  return c.left != c.right && policy::evaluate(policy, c.call) == c.left &&
         answer(program, data_of(c.call, c.instruction_pointer)) == c.right;
}

bool is_confirmed(const Stack& left, const Stack& right, const Outcome& outcome) {
  if (!outcome.counterexample) return false;
  const Counterexample& c = *outcome.counterexample;
  const bpf::SeccompData data = data_of(c.call, c.instruction_pointer);
  return c.left != c.right && policy::from_return_value(bpf::run_stack(left, data)) == c.left &&
         policy::from_return_value(bpf::run_stack(right, data)) == c.right;
}

}  // namespace callgate::prove
