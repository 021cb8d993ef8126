// Whether a filter (or a stack of them) and a policy, or two filters, are the same function: by symbolic execution
// over every path, with a concrete call where they differ. Never "equal" unless every path was decided.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::prove {

enum class Verdict { equal, different, undecided };

struct Counterexample {
  policy::Call call;
  std::uint64_t instruction_pointer = 0;
  policy::Action left, right;
};

struct Outcome {
  Verdict verdict = Verdict::undecided;
  std::optional<Counterexample> counterexample;  // present iff different; re-checked by concrete execution
  std::string why;                               // for undecided: what could not be decided, and where
  std::uint64_t paths = 0;                       // pairs of paths decided
};

struct Limits {
  std::uint64_t max_steps = 50'000'000;  // symbolic instructions before "undecided"
};

// Filters, newest first; each must pass bpf::check.
using Stack = std::vector<bpf::Program>;

// left: the policy. `other` tokens and instruction pointers included.
Outcome prove(const policy::Policy& policy, std::span<const bpf::Insn> program, const Limits& limits = {});
Outcome prove(const policy::Policy& policy, const Stack& stack, const Limits& limits = {});
Outcome prove(const Stack& left, const Stack& right, const Limits& limits = {});

}  // namespace callgate::prove
