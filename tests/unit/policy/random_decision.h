// Seeded random decisions over few arguments and boundary values, so that clauses overlap often.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "policy/policy.h"

namespace callgate::policy::test {

inline std::uint64_t random_value(std::mt19937_64& rng) {
  constexpr std::uint64_t kValues[] = {0,
                                       1,
                                       2,
                                       5,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x1ffffffff,
                                       std::uint64_t{1} << 63,
                                       ~std::uint64_t{0}};
  return rng() % 4 == 0 ? rng() : kValues[rng() % std::size(kValues)];
}

inline Condition random_condition(std::mt19937_64& rng) {
  Condition c{static_cast<std::uint8_t>(rng() % 3), static_cast<Op>(rng() % 7), random_value(rng)};
  if (c.op == Op::masked_eq) {
    c.mask = random_value(rng);
    if (rng() % 4 != 0) c.value &= c.mask;
  }
  return c;
}

inline Decision random_decision(std::mt19937_64& rng) {
  const Action actions[] = {kAllow, make_errno(1), make_errno(99), kKillProcess};
  Decision d{{}, actions[rng() % 2]};
  for (std::size_t clauses = rng() % 5; clauses > 0; --clauses) {
    Clause clause{{}, actions[rng() % std::size(actions)]};
    for (std::size_t conditions = 1 + rng() % 3; conditions > 0; --conditions)
      clause.conditions.push_back(random_condition(rng));
    d.clauses.push_back(std::move(clause));
  }
  return d;
}

}  // namespace callgate::policy::test
