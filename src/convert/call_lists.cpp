// SPDX-License-Identifier: Apache-2.0
#include "convert/call_lists.h"

#include <algorithm>

#include "format/narrow.h"

namespace callgate::convert {

void add_list(policy::Builder& builder, arch::Arch arch, policy::SyscallNr first, policy::SyscallNr last,
              const CallActions& actions, policy::Action fallback) {
  const arch::ArchInfo& info = arch::info(arch);
  builder.range(info.audit, first, last, fallback);
  std::map<policy::SyscallNr, policy::Decision> multiplexers;
  for (const auto& [name, action] : actions) {
    const auto id = arch::find_name(name);
    if (!id) continue;
    if (const auto how = arch::multiplexed(arch, *id)) {
      const policy::SyscallNr nr = arch::number(arch, how->multiplexer).value();
      policy::Decision& decision = multiplexers.try_emplace(nr, policy::Decision{{}, fallback}).first->second;
      decision.clauses.push_back({{{0, policy::Op::eq, how->selector}}, action});
    }
  }
  for (auto& [nr, decision] : multiplexers) {
    const policy::Decision narrow = info.arg_bits == 32 ? format::narrow_to_low_words(decision, true) : decision;
    builder.call(info.audit, nr, policy::simplify(narrow));
  }
  // A list that names the multiplexer itself says everything about it.
  for (const auto& [name, action] : actions)
    if (const auto nr = arch::number(arch, name); nr && *nr >= first && *nr <= last)
      builder.call(info.audit, *nr, action);
}

policy::Action strictest(const policy::Decision& decision) {
  policy::Action out = decision.otherwise;
  for (const policy::Clause& clause : decision.clauses) out = std::min(out, clause.action);
  return out;
}

}  // namespace callgate::convert
