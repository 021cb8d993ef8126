// Policies as sets of calls and as answers in the kernel's order, combined exactly: every result is again a policy.
//
// Two views. As a lattice: actions are ordered as the kernel orders them when filters stack (then by their data), meet
// is the more restrictive answer and join the less restrictive one. As a set: a policy grants the calls that it may let
// through; NOTIFY and TRACE leave it to a supervisor, so a call counts as granted, but less than by LOG or ALLOW.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "base/result.h"
#include "policy/policy.h"

namespace callgate::policy {

// How much of a call an action lets through: 0 refused (KILL_*, TRAP, ERRNO), 1 a supervisor decides (NOTIFY), 2 a
// tracer decides (TRACE), 3 it is made (LOG, ALLOW). `grants` is anything above 0.
int permissiveness(ActionKind kind);
inline bool grants(Action action) {
  return permissiveness(action.kind) > 0;
}

// The policy that answers combine(a's answer, b's answer) to every call. Error: limit, if a decision of the result
// needs more than kMaxClauses clauses.
inline constexpr std::size_t kMaxClauses = 20000;
using Combiner = std::function<Action(Action a, Action b)>;
base::Result<Policy> combine(const Policy& a, const Policy& b, const Combiner& combiner);

// The more restrictive answer of the two (intersection), and the less restrictive one (union).
base::Result<Policy> meet(const Policy& a, const Policy& b);
base::Result<Policy> join(const Policy& a, const Policy& b);
// What a stack answers: the most restrictive kind; of answers of one kind, the newest filter's data
// (kernel/seccomp.c, seccomp_run_filters). Not empty.
base::Result<Policy> stack(std::span<const Policy> newest_first);
// What a grants more of than b keeps a's answer; every other call that a grants gets `denial`, what a refuses stays.
base::Result<Policy> subtract(const Policy& a, const Policy& b, Action denial);
// ALLOW for what `a` refuses, `denial` for what it grants.
Policy complement(const Policy& a, Action denial);

// The least call that `a` grants more of than `b`; nothing if a is a subset of b, over all tokens, numbers and
// arguments. Exact.
std::optional<Call> first_excess(const Policy& a, const Policy& b);
// The least call that the policy grants; nothing if it is empty.
std::optional<Call> first_granted(const Policy& a);

// Same function, with no clause whose removal would not change it. Costs an exact comparison a clause.
Decision minimise(Decision decision);

}  // namespace callgate::policy
