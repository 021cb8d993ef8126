// The policy: the exact function from calls to actions that a profile means under one engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "callgate/action.h"
#include "callgate/call.h"

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

}  // namespace callgate
