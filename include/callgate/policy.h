// The policy: the exact function from calls to actions that a profile means under one engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "callgate/action.h"
#include "callgate/call.h"
#include "callgate/result.h"

namespace callgate {

/// An immutable value, cheap to copy; safe to read from many threads.
class Policy {
 public:
  /// The policy that answers `action` to every call.
  static Policy constant(Action action);

  /// The action for one call. Every architecture token and number has one.
  Action evaluate(const Call& call) const;

  struct Data;  ///< internal
  explicit Policy(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  const Data& data() const { return *data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// The least call (by token, number, then arguments) on which the two act differently, or nothing if they agree on all
/// tokens, numbers and arguments. Exact, no sampling.
std::optional<Call> first_difference(const Policy& a, const Policy& b);

/// The more restrictive answer of the two to each call, in the kernel's order (then by datum), and the less restrictive
/// one. Errors, here and below: limit, if a call's decision would become too large (20 000 clauses).
Result<Policy> intersect(const Policy& a, const Policy& b);
Result<Policy> unite(const Policy& a, const Policy& b);
/// What the kernel answers where both filters are loaded: the more restrictive action, and of two of one kind the
/// newer filter's datum.
Result<Policy> stack(const Policy& newer, const Policy& older);
/// `a` with `denial` for each call that `b` grants as well; what only `a` grants stays.
Result<Policy> subtract(const Policy& a, const Policy& b, Action denial);

/// The least call that `a` lets through and `b` does not, or nothing if a is a subset of b. LOG and ALLOW let a call
/// through; NOTIFY and TRACE leave it to a supervisor or tracer, which is less than that and more than a refusal.
std::optional<Call> first_excess(const Policy& a, const Policy& b);

}  // namespace callgate
