// Dangerous calls that the profile lets through: one finding a risk, with every call of it that is reachable.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "lint/ask.h"
#include "lint/facts.h"
#include "lint/subject.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

bool holds_capability(const Subject& subject, std::string_view capability) {
  const auto& held = subject.options.reading.capabilities;
  return capability.empty() || std::find(held.begin(), held.end(), capability) != held.end();
}

// Where a capability is asked for that the container does not hold, the kernel refuses the call by itself.
std::string help_for(const Subject& subject, const Risk& risk) {
  std::string help(risk.fix);
  if (holds_capability(subject, risk.capability)) return help;
  return help + fmt::format("; without {} the kernel refuses that too{}", risk.capability,
                            risk.in_user_namespace ? ", but not in a user namespace that the process makes" : "");
}

std::string message_of(const Risk& risk, const std::vector<std::string>& calls) {
  std::string out = fmt::format("{} {} allowed: {}", join(calls), calls.size() == 1 ? "is" : "are", risk.why);
  std::vector<std::string> ids;
  for (const Cve& cve : risk.cves) ids.emplace_back(cve.id);
  return ids.empty() ? out : out + fmt::format(" ({})", join(ids));
}

}  // namespace

void check_reach(const Subject& subject) {
  for (const Risk& risk : risks()) {
    std::vector<std::string> calls;
    std::optional<policy::Call> witness;
    for (const arch::Arch which : subject.profile().architectures) {
      for (const RiskCall& each : risk.calls) {
        std::vector<policy::Condition> where;
        if (each.arg >= 0)
          where.push_back({static_cast<std::uint8_t>(each.arg), policy::Op::masked_eq, each.value, each.mask});
        const auto found = granted(subject.policy(), which, each.call, where);
        if (!found) continue;
        if (!witness) witness = found;
        if (std::find(calls.begin(), calls.end(), each.call) == calls.end()) calls.emplace_back(each.call);
      }
    }
    if (!witness) continue;
    Finding& made =
        subject.add(risk.rule, subject.place_of(*witness), message_of(risk, calls), help_for(subject, risk));
    made.witness = Witness{subject.answer(*witness), std::nullopt};
  }
}

}  // namespace callgate::lint
