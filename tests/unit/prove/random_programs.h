// Random changes to programs, random programs of all opcodes, and the brute force that verdicts are held against.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"
#include "prove/prove.h"
#include "support/random_policy.h"

namespace callgate::prove {

// One constant, jump distance, opcode or return value changed; still accepted by bpf::check.
bpf::Program mutate(const bpf::Program& program, test_support::Random& random);

struct ProgramShape {
  std::size_t body = 12;       // instructions before the final return
  bool arithmetic = true;      // ALU operations, X and scratch words
  bool multiplication = true;  // MUL and DIV among them, and shifts by X
  bool masks = false;          // many ANDs with constants, also without other arithmetic
  unsigned first_word = 0;     // of the call that are loaded
  unsigned words = 16;         // how many from there
};
// Accepted by bpf::check.
bpf::Program random_program(test_support::Random& random, const ProgramShape& shape);

// Calls at the borders of what the program compares with, mixed freely.
std::vector<bpf::SeccompData> random_data(const bpf::Program& program, test_support::Random& random, std::size_t count);

bpf::SeccompData data_of(const policy::Call& call, std::uint64_t instruction_pointer = 0);
policy::Action answer(const bpf::Program& program, const bpf::SeccompData& data);

// Whether the counterexample really is one.
bool is_confirmed(const policy::Policy& policy, const bpf::Program& program, const Outcome& outcome);
bool is_confirmed(const Stack& left, const Stack& right, const Outcome& outcome);

}  // namespace callgate::prove
