// Random policies and calls for tests, from a seed: the same seed gives the same policy on every machine. Rules use
// all seven operators and values next to the places where 32 and 64-bit arithmetic breaks, so that engines that are
// wrong at a border disagree soon.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/policy.h"

namespace callgate::test_support {

// splitmix64 (Steele, Lea, Flood 2014): small, and equal everywhere, unlike the standard distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // 0 … bound-1; bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // True once in `n` times.
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(std::span<const T> from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

 private:
  std::uint64_t state_;
};

struct RandomPolicyLimits {
  std::vector<policy::AuditArch> tokens;  // empty: one to four tokens, of both byte orders and widths
  policy::SyscallNr max_number = 480;     // rules name numbers up to here (and, sometimes, x32's and the very last)
  unsigned max_calls = 24;                // calls and ranges that get a decision of their own, per token
  unsigned max_rules = 6;                 // clauses of one call
  unsigned max_conditions = 4;            // conditions of one clause
  bool live = false;  // only actions a process survives (ALLOW, ERRNO): for filters that are really loaded
};

// {0, 1, 2^31-1, 2^31, 2^32-1, 2^32, 2^63, 2^64-1} and a few values and flags that profiles use.
std::span<const std::uint64_t> boundary_values();
policy::Condition random_condition(Random& random, unsigned max_arg);
policy::Decision random_decision(Random& random, const RandomPolicyLimits& limits);
policy::Policy random_policy(std::uint64_t seed, const RandomPolicyLimits& limits = {});

// `count` calls aimed at `policy`: numbers at and around run borders, arguments from the interesting values of the
// conditions met there, mixed freely over the six arguments; now and then a token the policy does not list.
std::vector<policy::Call> random_calls(const policy::Policy& policy, std::uint64_t seed, std::size_t count);

}  // namespace callgate::test_support
