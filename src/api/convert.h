// Between the public value types (include/callgate) and the library's own. The two sets of enums have the same order;
// api/convert.cpp asserts it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "arch/arch.h"
#include "base/diagnostic.h"
#include "base/result.h"
#include "callgate/action.h"
#include "callgate/arch.h"
#include "callgate/call.h"
#include "callgate/diagnostic.h"
#include "callgate/policy.h"
#include "callgate/result.h"
#include "policy/policy.h"

namespace callgate {

// What a public Policy holds.
struct Policy::Data {
  policy::Policy policy;
};

}  // namespace callgate

namespace callgate::api {

constexpr arch::Arch to_internal(Architecture a) {
  return static_cast<arch::Arch>(a);
}
constexpr Architecture to_public(arch::Arch a) {
  return static_cast<Architecture>(a);
}
constexpr policy::Action to_internal(Action a) {
  return {static_cast<policy::ActionKind>(a.kind), a.data};
}
constexpr Action to_public(policy::Action a) {
  return {static_cast<ActionKind>(a.kind), a.data};
}
inline policy::Call to_internal(const Call& c) {
  return {c.audit, c.number, c.args};
}
inline Call to_public(const policy::Call& c) {
  return {c.audit, c.nr, c.args};
}
Error to_public(base::Error error);
Policy make_policy(policy::Policy policy);
// Copies everything, so that the source files may go.
std::vector<Diagnostic> to_public(const base::Diagnostics& diagnostics);

}  // namespace callgate::api
