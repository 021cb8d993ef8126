// Calls worth trying: every boundary a policy has, and both sides of it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <set>

#include "policy/policy.h"

namespace callgate::policy {

namespace {

constexpr std::uint64_t kBoundaries[] = {0,          1,           0x7fffffff,         0x80000000,
                                         0xffffffff, 0x100000000, 0x8000000000000000, ~std::uint64_t{0}};
constexpr std::size_t kPartners = 3;  // values of the neighbouring argument tried with each value

void sort_unique(std::vector<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Bits of a mask to flip: all of a few, else the ends and those beside the word boundary.
std::vector<std::uint64_t> telling_bits(std::uint64_t mask) {
  constexpr int kFew = 8;
  std::vector<std::uint64_t> bits;
  for (std::uint64_t rest = mask; rest != 0; rest &= rest - 1) bits.push_back(rest & (~rest + 1));
  if (std::popcount(mask) <= kFew) return bits;
  std::vector<std::uint64_t> chosen{bits[0], bits[1], bits[bits.size() - 2], bits.back()};
  for (const std::uint64_t bit : {std::uint64_t{1} << 31, std::uint64_t{1} << 32})
    if ((mask & bit) != 0) chosen.push_back(bit);
  return chosen;
}

// A value that satisfies the conditions on one argument of a clause, or 0 if none does among those tried.
std::uint64_t satisfying(const Clause& clause, std::uint8_t arg) {
  std::vector<std::uint64_t> candidates{0};
  for (const Condition& c : clause.conditions)
    if (c.arg == arg) {
      const auto more = interesting_values(c);
      candidates.insert(candidates.end(), more.begin(), more.end());
    }
  for (const std::uint64_t value : candidates)
    if (std::all_of(clause.conditions.begin(), clause.conditions.end(),
                    [&](const Condition& c) { return c.arg != arg || holds(c, value); }))
      return value;
  return 0;
}

// Around each clause: a call that matches it, then one argument at a time moved across every boundary of every
// condition of the decision on that argument.
void add_calls(const Decision& decision, AuditArch audit, SyscallNr nr, std::vector<Call>& out) {
  Call zero{audit, nr, {}};
  out.push_back(zero);
  std::array<std::vector<std::uint64_t>, 6> values;
  for (const Clause& clause : decision.clauses)
    for (const Condition& c : clause.conditions) {
      const auto more = interesting_values(c);
      values[c.arg].insert(values[c.arg].end(), more.begin(), more.end());
    }
  for (auto& list : values) sort_unique(list);
  std::vector<Call> bases{zero};
  for (const Clause& clause : decision.clauses) {
    Call base = zero;
    for (std::uint8_t arg = 0; arg < 6; ++arg) base.args[arg] = satisfying(clause, arg);
    bases.push_back(base);
  }
  for (const Call& base : bases)
    for (std::size_t arg = 0; arg < 6; ++arg)
      for (const std::uint64_t value : values[arg]) {
        Call call = base;
        call.args[arg] = value;
        out.push_back(call);
        const std::size_t other = (arg + 1) % 6;
        for (std::size_t k = 0; k < std::min(values[other].size(), kPartners); ++k) {
          call.args[other] = values[other][(k * 7 + value % 5) % values[other].size()];
          out.push_back(call);
        }
      }
}

void add_runs(const Policy& policy, const std::vector<Run>& runs, AuditArch audit, std::vector<Call>& out) {
  for (const Run& run : runs) {
    add_calls(policy.decisions[run.decision], audit, run.first, out);
    if (run.last != run.first) out.push_back({audit, run.last, {}});
    if (run.last - run.first > 1) out.push_back({audit, run.first + (run.last - run.first) / 2, {}});
  }
}

}  // namespace

std::vector<std::uint64_t> interesting_values(const Condition& condition) {
  std::vector<std::uint64_t> values(std::begin(kBoundaries), std::end(kBoundaries));
  const std::uint64_t v = condition.value;
  constexpr std::uint64_t kHighOne = std::uint64_t{1} << 32;
  for (const std::uint64_t x : {v, v - 1, v + 1, v ^ kHighOne, v + kHighOne, v - kHighOne, v & 0xffffffff,
                                v | ~std::uint64_t{0xffffffff}, ~v, v << 32, v ^ (std::uint64_t{1} << 63)})
    values.push_back(x);
  if (condition.op == Op::masked_eq) {
    values.push_back(v | ~condition.mask);
    for (const std::uint64_t bit : telling_bits(condition.mask)) {
      values.push_back(v ^ bit);
      values.push_back((v | ~condition.mask) ^ bit);
    }
  }
  sort_unique(values);
  return values;
}

std::vector<Call> interesting_calls(const Policy& policy) {
  std::vector<Call> calls;
  constexpr AuditArch kUnlikelyTokens[] = {0, 0x40000000, 0xc0000000, 0xffffffff};
  for (const ArchRuns& listed : policy.archs) add_runs(policy, listed.runs, listed.audit, calls);
  for (const AuditArch token : kUnlikelyTokens)
    if (std::none_of(policy.archs.begin(), policy.archs.end(), [&](const ArchRuns& a) { return a.audit == token; }))
      add_runs(policy, policy.other, token, calls);
  return calls;
}

}  // namespace callgate::policy
