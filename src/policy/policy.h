// The policy: the exact function (architecture token, call number over 0 … 2^32-1, six 64-bit arguments) → action.
//
// Canonical form. For each token a list of runs: sorted, disjoint, complete over all numbers, adjacent runs with
// different decisions. A decision is a list of clauses, tried in order; the first whose conditions all hold gives the
// action; `otherwise` if none does. Decisions are interned: equal content, equal id. x32 has no token of its own: it
// is the numbers with bit 30 under x86_64's. `other` answers for every token not listed.
//
// Values only; build one with policy::Builder (policy/builder.h). evaluate() is the oracle for everything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arch/arch.h"

namespace callgate::policy {

using arch::AuditArch;
using arch::SyscallNr;

// In the kernel's order when filters stack: a smaller one overrides a larger one (kernel/seccomp.c, seccomp(2)).
enum class ActionKind : std::uint8_t { kill_process, kill_thread, trap, errno_, notify, trace, log, allow };

struct Action {
  ActionKind kind = ActionKind::kill_process;
  std::uint16_t data = 0;  // errno (0 … 4095), trace or trap datum; 0 for the others
  auto operator<=>(const Action&) const = default;
};
inline constexpr Action kAllow{ActionKind::allow, 0};
inline constexpr Action kKillProcess{ActionKind::kill_process, 0};
inline constexpr Action kKillThread{ActionKind::kill_thread, 0};
constexpr Action make_errno(std::uint16_t number) {
  return {ActionKind::errno_, number};
}

// "ALLOW", "ERRNO(38)", "KILL_PROCESS", "TRACE(7)", "NOTIFY", "LOG", "TRAP" (TRAP(n) for n > 0), "KILL_THREAD".
std::string to_string(Action action);
std::optional<Action> parse_action(std::string_view text);
// The kernel's 32-bit return value, and back. An unknown action is KILL_PROCESS; an errno above 4095 counts as 4095
// (MAX_ERRNO); data of actions that use none is dropped.
std::uint32_t to_return_value(Action action);
Action from_return_value(std::uint32_t value);

enum class Op : std::uint8_t { eq, ne, lt, le, gt, ge, masked_eq };

// `argument arg` op value, unsigned over all 64 bits; masked_eq: (argument & mask) == value.
struct Condition {
  std::uint8_t arg = 0;  // 0 … 5
  Op op = Op::eq;
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};  // masked_eq only; all ones otherwise
  auto operator<=>(const Condition&) const = default;
};

struct Clause {
  std::vector<Condition> conditions;  // all must hold; never empty in a canonical decision
  Action action;
  auto operator<=>(const Clause&) const = default;
};

struct Decision {
  std::vector<Clause> clauses;  // first match wins
  Action otherwise;
  auto operator<=>(const Decision&) const = default;
  bool is_constant() const { return clauses.empty(); }
};

using DecisionId = std::uint32_t;

// Covers the numbers [first, last] with one decision.
struct Run {
  SyscallNr first = 0, last = 0;  // inclusive
  DecisionId decision = 0;        // index into Policy::decisions
  bool operator==(const Run&) const = default;
};

struct ArchRuns {
  AuditArch audit = 0;
  std::vector<Run> runs;
  bool operator==(const ArchRuns&) const = default;
};

struct Policy {
  std::vector<ArchRuns> archs;  // sorted by token
  std::vector<Run> other;       // every other token
  std::vector<Decision> decisions;
  bool operator==(const Policy&) const = default;

  const std::vector<Run>& runs_for(AuditArch audit) const;
  // Index into the runs of the one that holds nr. O(log runs).
  static std::size_t find_run(const std::vector<Run>& runs, SyscallNr nr);
};

struct Call {
  AuditArch audit = 0;
  SyscallNr nr = 0;
  std::array<std::uint64_t, 6> args{};
  auto operator<=>(const Call&) const = default;
};

// The oracle: what the policy means. Written for obviousness; everything else is tested against it.
Action evaluate(const Policy& policy, const Call& call);
bool holds(const Condition& condition, std::uint64_t argument);

// The least call (by token, number, then arguments) on which `a` and `b` act differently, or nothing if they are equal
// on all tokens, numbers and arguments. Exact, no sampling.
std::optional<Call> first_difference(const Policy& a, const Policy& b);

// Values worth trying for one condition's argument: every boundary ±1 of its value, its masked bits flipped, 0 and ~0.
std::vector<std::uint64_t> interesting_values(const Condition& condition);
// Calls that together reach every run boundary and both sides of every condition, per token; deterministic.
std::vector<Call> interesting_calls(const Policy& policy);

// A policy that answers `action` to everything.
Policy constant(Action action);

}  // namespace callgate::policy
