// SPDX-License-Identifier: Apache-2.0
#include "lint/ask.h"

#include "arch/calls.h"
#include "policy/cells.h"

namespace callgate::lint {

const policy::Decision& decision_of(const policy::Policy& policy, policy::AuditArch audit, policy::SyscallNr nr) {
  const auto& runs = policy.runs_for(audit);
  return policy.decisions[runs[policy::Policy::find_run(runs, nr)].decision];
}

std::optional<policy::Call> first_call(const policy::Policy& policy, policy::AuditArch audit, policy::SyscallNr nr,
                                       std::span<const policy::Condition> where, const Wanted& wanted) {
  const policy::Decision& decision = decision_of(policy, audit, nr);
  policy::CallRegion region;
  for (const policy::Condition& condition : where) region.require(condition, true);
  for (const policy::ArgRegion& arg : region.args)
    if (arg.empty()) return std::nullopt;
  const policy::Decision nothing{{}, policy::kAllow};
  std::optional<policy::Call> best;
  policy::for_each_leaf(decision, nothing, region, policy::Interest::all,
                        [&](const auto& leaf, policy::Action action, auto) {
                          if (!wanted(action)) return true;
                          const policy::Call call{audit, nr, leaf.least()};
                          if (!best || call < *best) best = call;
                          return true;
                        });
  return best;
}

std::optional<policy::Call> granted(const policy::Policy& policy, arch::Arch arch, std::string_view call,
                                    std::span<const policy::Condition> where) {
  const auto nr = arch::number(arch, call);
  if (!nr) return std::nullopt;
  return first_call(policy, arch::info(arch).audit, *nr, where, policy::grants);
}

std::optional<policy::Call> refused(const policy::Policy& policy, arch::Arch arch, std::string_view call,
                                    std::span<const policy::Condition> where) {
  const auto nr = arch::number(arch, call);
  if (!nr) return std::nullopt;
  return first_call(policy, arch::info(arch).audit, *nr, where, [](policy::Action a) { return !policy::grants(a); });
}

std::optional<std::array<std::uint64_t, 6>> contrast_within(const policy::Decision& a, const policy::Decision& b,
                                                            std::span<const policy::Condition> where) {
  policy::CallRegion region;
  for (const policy::Condition& condition : where) region.require(condition, true);
  for (const policy::ArgRegion& arg : region.args)
    if (arg.empty()) return std::nullopt;
  std::optional<std::array<std::uint64_t, 6>> found;
  policy::for_each_leaf(a, b, region, policy::Interest::differing,
                        [&](const auto& leaf, policy::Action x, policy::Action y) {
                          if (x != y) found = leaf.least();
                          return x == y;
                        });
  return found;
}

std::optional<policy::Call> first_contrast(const policy::Policy& a, const policy::Policy& b, policy::AuditArch audit,
                                           policy::SyscallNr nr) {
  const policy::Decision &of_a = decision_of(a, audit, nr), &of_b = decision_of(b, audit, nr);
  std::optional<policy::Call> best;
  policy::for_each_leaf(of_a, of_b, {}, policy::Interest::differing,
                        [&](const auto& leaf, policy::Action x, policy::Action y) {
                          if (x == y) return true;
                          const policy::Call call{audit, nr, leaf.least()};
                          if (!best || call < *best) best = call;
                          return true;
                        });
  return best;
}

Granted how_granted(const policy::Policy& policy, arch::Arch arch, policy::SyscallNr nr) {
  const policy::AuditArch audit = arch::info(arch).audit;
  const policy::Decision& decision = decision_of(policy, audit, nr);
  if (decision.is_constant()) {
    const bool yes = policy::grants(decision.otherwise);
    return {yes, yes};
  }
  const bool some = first_call(policy, audit, nr, {}, policy::grants).has_value();
  const bool none = first_call(policy, audit, nr, {}, [](policy::Action a) { return !policy::grants(a); }).has_value();
  return {some, !none};
}

}  // namespace callgate::lint
