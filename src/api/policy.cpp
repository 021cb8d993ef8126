// The public face of actions, policies and the version.
// SPDX-License-Identifier: Apache-2.0
#include "callgate/policy.h"

#include "api/convert.h"
#include "callgate/version.h"
#include "policy/policy.h"

namespace callgate {

std::string_view version() {
  return CALLGATE_VERSION;
}

std::string to_string(Action action) {
  return policy::to_string(api::to_internal(action));
}

std::optional<Action> parse_action(std::string_view text) {
  const std::optional<policy::Action> found = policy::parse_action(text);
  return found ? std::optional(api::to_public(*found)) : std::nullopt;
}

std::uint32_t to_return_value(Action action) {
  return policy::to_return_value(api::to_internal(action));
}

Action from_return_value(std::uint32_t value) {
  return api::to_public(policy::from_return_value(value));
}

Policy Policy::constant(Action action) {
  return api::make_policy(policy::constant(api::to_internal(action)));
}

Action Policy::evaluate(const Call& call) const {
  return api::to_public(policy::evaluate(data_->policy, api::to_internal(call)));
}

std::optional<Call> first_difference(const Policy& a, const Policy& b) {
  const std::optional<policy::Call> found = policy::first_difference(a.data().policy, b.data().policy);
  return found ? std::optional(api::to_public(*found)) : std::nullopt;
}

}  // namespace callgate
