// SPDX-License-Identifier: Apache-2.0
#include "lint/reached.h"

#include <algorithm>

#include "lint/ask.h"

namespace callgate::lint {

std::vector<Reached> reached(const policy::Policy& policy, std::span<const arch::Arch> archs,
                             const policy::Policy* beyond) {
  std::vector<Reached> out;
  for (const Risk& risk : risks()) {
    Reached found{&risk, {}, {}};
    for (const arch::Arch which : archs)
      for (const RiskCall& each : risk.calls) {
        std::vector<policy::Condition> where;
        if (each.arg >= 0)
          where.push_back({static_cast<std::uint8_t>(each.arg), policy::Op::masked_eq, each.value, each.mask});
        const auto call = granted(policy, which, each.call, where);
        if (!call || (beyond != nullptr && granted(*beyond, which, each.call, where))) continue;
        if (found.calls.empty()) found.witness = *call;
        if (std::find(found.calls.begin(), found.calls.end(), each.call) == found.calls.end())
          found.calls.push_back(each.call);
      }
    if (!found.calls.empty()) out.push_back(std::move(found));
  }
  return out;
}

}  // namespace callgate::lint
