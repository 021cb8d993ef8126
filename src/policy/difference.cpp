// first_difference and first_excess: every leaf is a product of exact sets of arguments, so its least member
// is the least of each argument. SPDX-License-Identifier: Apache-2.0
#include <set>

#include "policy/algebra.h"
#include "policy/cells.h"

namespace callgate::policy {

namespace {

using Arguments = std::array<std::uint64_t, 6>;

template <class Differ>
std::optional<Arguments> least_arguments(const Decision& a, const Decision& b, const Differ& differ) {
  if (a.is_constant() && b.is_constant())
    return differ(a.otherwise, b.otherwise) ? std::optional(Arguments{}) : std::nullopt;
  std::optional<Arguments> least;
  if (a == b) return least;
  for_each_leaf(a, b, {}, Interest::differing, [&](const auto& leaf, Action of_a, Action of_b) {
    if (!differ(of_a, of_b)) return true;
    const Arguments args = leaf.least();
    if (!least || args < *least) least = args;
    return true;
  });
  return least;
}

template <class Differ>
std::optional<Call> least_call(const Policy& a, const Policy& b, const Differ& differ) {
  std::optional<Call> found;
  std::set<std::pair<const Decision*, const Decision*>> settled;  // pairs with arguments that do not differ
  for (const AuditArch audit : tokens_of(a, b)) {
    for_each_range(audit, a, b, [&](SyscallNr first, SyscallNr /*last*/, const Decision& of_a, const Decision& of_b) {
      if (const auto args = least_arguments(of_a, of_b, differ)) found = Call{audit, first, *args};
      return !found.has_value();
    });
    if (found) break;
  }
  return found;
}

// The least token of none of these.
AuditArch least_unlisted(std::span<const AuditArch> sorted) {
  AuditArch candidate = 0;
  for (const AuditArch token : sorted) {
    if (token != candidate) break;
    ++candidate;
  }
  return candidate;
}

}  // namespace

std::vector<AuditArch> tokens_of(const Policy& a, const Policy& b) {
  std::vector<AuditArch> tokens;
  for (const Policy* policy : {&a, &b})
    for (const ArchRuns& listed : policy->archs) tokens.push_back(listed.audit);
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  tokens.push_back(least_unlisted(tokens));
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

std::optional<Call> first_difference(const Policy& a, const Policy& b) {
  return least_call(a, b, [](Action of_a, Action of_b) { return of_a != of_b; });
}

std::optional<Call> first_excess(const Policy& a, const Policy& b) {
  return least_call(a, b,
                    [](Action of_a, Action of_b) { return permissiveness(of_a.kind) > permissiveness(of_b.kind); });
}

std::optional<Call> first_granted(const Policy& a) {
  return first_excess(a, constant(kKillProcess));
}

Decision minimise(Decision decision) {
  const auto same = [](const Decision& a, const Decision& b) {
    return for_each_leaf(a, b, {}, Interest::differing,
                         [](const auto&, Action of_a, Action of_b) { return of_a == of_b; });
  };
  for (std::size_t i = decision.clauses.size(); i-- > 0;) {
    Decision without = decision;
    without.clauses.erase(without.clauses.begin() + static_cast<std::ptrdiff_t>(i));
    if (same(without, decision)) decision = std::move(without);
  }
  return decision;
}

}  // namespace callgate::policy
