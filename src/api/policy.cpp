// The public face of actions, policies and the version.
// SPDX-License-Identifier: Apache-2.0
#include "callgate/policy.h"

#include "api/convert.h"
#include "callgate/version.h"
#include "policy/algebra.h"
#include "policy/policy.h"

namespace callgate {

namespace {

Result<Policy> to_public(base::Result<policy::Policy> result) {
  if (!result) return api::to_public(std::move(result.error()));
  return api::make_policy(std::move(*result));
}

}  // namespace

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

Result<Policy> intersect(const Policy& a, const Policy& b) {
  return to_public(policy::meet(a.data().policy, b.data().policy));
}

Result<Policy> unite(const Policy& a, const Policy& b) {
  return to_public(policy::join(a.data().policy, b.data().policy));
}

Result<Policy> stack(const Policy& newer, const Policy& older) {
  const policy::Policy both[] = {newer.data().policy, older.data().policy};
  return to_public(policy::stack(both));
}

Result<Policy> subtract(const Policy& a, const Policy& b, Action denial) {
  return to_public(policy::subtract(a.data().policy, b.data().policy, api::to_internal(denial)));
}

std::optional<Call> first_excess(const Policy& a, const Policy& b) {
  const std::optional<policy::Call> found = policy::first_excess(a.data().policy, b.data().policy);
  return found ? std::optional(api::to_public(*found)) : std::nullopt;
}

}  // namespace callgate
