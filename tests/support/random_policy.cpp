// See random_policy.h.
// SPDX-License-Identifier: Apache-2.0
#include "support/random_policy.h"

#include <algorithm>
#include <array>

#include "policy/builder.h"

namespace callgate::test_support {

using policy::Action;
using policy::ActionKind;
using policy::Condition;
using policy::Decision;
using policy::Op;
using policy::SyscallNr;

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

namespace {

constexpr std::array<std::uint64_t, 20> kValues = {
    0,  1,         0x7fffffff, 0x80000000,  0xffffffff,  0x100000000,        0x8000000000000000, 0xffffffffffffffff, 2,
    3,  8,         0x20008,    0x1ffffffff, 0x200000000, 0xffffffff00000000, 0x100000001,        0x7fffffffffffffff, 38,
    40, 0x7e020000};
// AUDIT_ARCH_ of x86_64, i386, aarch64, arm, s390x, s390, ppc64, mips (linux/audit.h).
constexpr std::array<policy::AuditArch, 8> kTokens = {0xc000003e, 0x40000003, 0xc00000b7, 0x40000028,
                                                      0x80000016, 0x00000016, 0x80000015, 0x00000008};

Action random_action(Random& random, bool live) {
  switch (random.below(live ? 5 : 10)) {
    case 0:
    case 1:
      return policy::kAllow;
    case 2:
      return policy::make_errno(1);
    case 3:
      return policy::make_errno(38);
    case 4:
      return policy::make_errno(static_cast<std::uint16_t>(random.below(4096)));
    case 5:
      return policy::kKillProcess;
    case 6:
      return policy::kKillThread;
    case 7:
      return {ActionKind::trap, static_cast<std::uint16_t>(random.below(3))};
    case 8:
      return {ActionKind::trace, static_cast<std::uint16_t>(random.below(65536))};
    default:
      return {random.one_in(2) ? ActionKind::log : ActionKind::notify, 0};
  }
}

std::uint64_t random_value(Random& random) {
  const std::uint64_t value = random.pick(boundary_values());
  switch (random.below(6)) {
    case 0:
      return value + random.below(4);
    case 1:
      return value - random.below(4);
    case 2:
      return value | random.pick(boundary_values());
    case 3:
      return random.one_in(4) ? random.next() : random.below(64);
    default:
      return value;
  }
}

SyscallNr random_number(Random& random, policy::AuditArch token, SyscallNr max_number) {
  const auto nr = static_cast<SyscallNr>(random.below(std::uint64_t{max_number} + 1));
  if (random.one_in(24)) return ~SyscallNr{0} - static_cast<SyscallNr>(random.below(3));
  return token == kTokens[0] && random.one_in(4) ? nr | arch::kX32Bit : nr;
}

std::vector<policy::AuditArch> random_tokens(Random& random) {
  std::vector<policy::AuditArch> tokens(kTokens.begin(), kTokens.end());
  for (std::size_t i = tokens.size(); i > 1; --i) std::swap(tokens[i - 1], tokens[random.below(i)]);
  tokens.resize(1 + random.below(4));
  return tokens;
}

}  // namespace

std::span<const std::uint64_t> boundary_values() {
  return kValues;
}

Condition random_condition(Random& random, unsigned max_arg) {
  Condition condition;
  condition.arg = static_cast<std::uint8_t>(random.below(max_arg));
  condition.op = static_cast<Op>(random.below(7));
  condition.value = random_value(random);
  if (condition.op == Op::masked_eq) {
    condition.mask = random_value(random);
    if (!random.one_in(8)) condition.value &= condition.mask;
  }
  return condition;
}

Decision random_decision(Random& random, const RandomPolicyLimits& limits) {
  Decision decision;
  decision.otherwise = random_action(random, limits.live);
  if (limits.max_rules == 0 || limits.max_conditions == 0 || random.one_in(2)) return decision;
  const auto clauses = 1 + random.below(limits.max_rules);
  const unsigned max_arg = random.one_in(3) ? 1 : random.one_in(2) ? 3 : 6;
  const Action common = random_action(random, limits.live);
  for (std::uint64_t i = 0; i < clauses; ++i) {
    policy::Clause clause;
    clause.action = random.one_in(3) ? random_action(random, limits.live) : common;
    const auto conditions = 1 + random.below(limits.max_conditions);
    for (std::uint64_t c = 0; c < conditions; ++c) clause.conditions.push_back(random_condition(random, max_arg));
    decision.clauses.push_back(std::move(clause));
  }
  return decision;
}

policy::Policy random_policy(std::uint64_t seed, const RandomPolicyLimits& limits) {
  Random random(seed);
  policy::Builder builder(random_action(random, limits.live));
  const std::vector<policy::AuditArch> tokens = limits.tokens.empty() ? random_tokens(random) : limits.tokens;
  for (const policy::AuditArch token : tokens) {
    builder.arch(token, random_action(random, limits.live));
    const auto pieces = random.below(std::uint64_t{limits.max_calls} + 1);
    for (std::uint64_t i = 0; i < pieces; ++i) {
      const SyscallNr nr = random_number(random, token, limits.max_number);
      if (random.one_in(6)) {
        const SyscallNr last = nr + std::min<SyscallNr>(static_cast<SyscallNr>(random.below(40)), ~nr);
        builder.range(token, nr, last, random_action(random, limits.live));
      } else {
        builder.call(token, nr, random_decision(random, limits));
      }
    }
  }
  return builder.finish();
}

std::vector<policy::Call> random_calls(const policy::Policy& policy, std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<policy::Call> calls;
  calls.reserve(count);
  while (calls.size() < count) {
    policy::Call call;
    const bool listed = !policy.archs.empty() && !random.one_in(32);
    call.audit = listed ? policy.archs[random.below(policy.archs.size())].audit : kTokens[random.below(kTokens.size())];
    const std::vector<policy::Run>& runs = policy.runs_for(call.audit);
    const policy::Run& run = runs[random.below(runs.size())];
    const std::array<SyscallNr, 4> numbers = {run.first, run.last, run.first + (run.last - run.first) / 2,
                                              run.last + 1};
    call.nr = numbers[random.below(numbers.size())];
    const Decision& decision = policy.decisions[runs[policy::Policy::find_run(runs, call.nr)].decision];
    for (std::uint64_t& arg : call.args) arg = random.one_in(2) ? 0 : random_value(random);
    for (const policy::Clause& clause : decision.clauses) {
      for (const Condition& condition : clause.conditions) {
        if (random.one_in(3)) continue;
        const std::vector<std::uint64_t> values = policy::interesting_values(condition);
        call.args[condition.arg] = values[random.below(values.size())];
      }
    }
    calls.push_back(call);
  }
  return calls;
}

}  // namespace callgate::test_support
