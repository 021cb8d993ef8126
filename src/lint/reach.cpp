// Dangerous calls that the profile lets through: one finding a risk, with every call of it that is reachable.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "lint/reached.h"
#include "lint/subject.h"

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
  for (const Reached& found : reached(subject.policy(), subject.profile().architectures)) {
    const std::vector<std::string> calls(found.calls.begin(), found.calls.end());
    Finding& made = subject.add(found.risk->rule, subject.place_of(found.witness), message_of(*found.risk, calls),
                                help_for(subject, *found.risk));
    made.witness = Witness{subject.answer(found.witness), std::nullopt};
  }
}

}  // namespace callgate::lint
