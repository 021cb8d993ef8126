// Whether a filter and a policy, or two filters, are the same function: by symbolic execution over every path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "callgate/action.h"
#include "callgate/call.h"
#include "callgate/filter.h"
#include "callgate/policy.h"

namespace callgate {

enum class Verdict {
  equal,      ///< on every architecture token, number, argument and instruction pointer
  different,  ///< see Proof::counterexample
  undecided,  ///< never to be read as equal; Proof::why says what could not be decided
};

struct Counterexample {
  Call call;
  std::uint64_t instruction_pointer = 0;
  Action left, right;  ///< what the two answer to it
};

struct Proof {
  Verdict verdict = Verdict::undecided;
  std::optional<Counterexample> counterexample;  ///< present if different; checked by running both sides on it
  std::string why;                               ///< for undecided
};

/// left: the policy.
Proof prove_equal(const Policy& policy, const Filter& filter);
Proof prove_equal(const Filter& left, const Filter& right);

}  // namespace callgate
