// What a conversion loses: every difference between the source and the text that was written, found by reading that
// text back and comparing exactly, so that none can be forgotten; and what is no matter of the policy (flags, listener,
// comments).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/json_write.h"
#include "policy/policy.h"

namespace callgate::convert {

struct Loss {
  base::DiagnosticId id;  // CG13xx
  std::string message;    // what is lost: "6 calls (clone, …): ERRNO(1) unless (flags & 0x7e020000) == 0 becomes ALLOW"
  std::string why;        // what the target cannot say, and what was done instead
  std::optional<policy::Call> witness;
  policy::Action before, after;  // of the witness
  bool widens = false;           // the text grants the witness more than the source does
  bool blocks = true;            // false: told, but needs no --lossy (a comment without a place)
};

// Every difference of `after` from `before`, sorted by number of the loss and then by call. Each call on which the two
// differ is part of exactly one. Empty iff they are equal.
std::vector<Loss> losses_between(const policy::Policy& before, const policy::Policy& after);

void to_json(const Loss& loss, base::JsonWriter& json);

}  // namespace callgate::convert
