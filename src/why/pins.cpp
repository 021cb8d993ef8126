// SPDX-License-Identifier: Apache-2.0
#include "why/pins.h"

#include <algorithm>
#include <array>
#include <map>

#include "arch/calls.h"
#include "policy/builder.h"
#include "syntax/words.h"

namespace callgate::why {

namespace {

// Modes stand in the register whether or not the call looks at them; a directory is AT_FDCWD or any descriptor.
constexpr std::array<std::string_view, 4> kFreeSets{"dirfd", "file_mode", "key_serial", "mempolicy_mode"};

bool selects(std::string_view call, unsigned arg) {
  return arg == 0 && (call == "socketcall" || call == "ipc");
}

policy::Condition equal_to(unsigned arg, std::uint64_t value, std::uint8_t width) {
  constexpr std::uint64_t kLowWord = 0xffffffff, kMostPositive = 0x7fffffff;
  const auto place = static_cast<std::uint8_t>(arg);
  // The kernel looks at 32 bits; C libraries leave the others zero, or as the sign.
  if (width <= 32 && value > kMostPositive) return {place, policy::Op::masked_eq, value & kLowWord, kLowWord};
  return {place, policy::Op::eq, value};
}

}  // namespace

std::vector<policy::Condition> pins(const policy::Call& call, std::uint8_t known) {
  std::vector<policy::Condition> out;
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  for (unsigned arg = 0; arg < call.args.size(); ++arg) {
    if ((known >> arg & 1U) == 0) continue;
    if (selects(name, arg)) {
      out.push_back(equal_to(arg, call.args[arg], 32));
      continue;
    }
    const auto prototype = syntax::argument(call.audit, call.nr, arg);
    if (!prototype || prototype->direction != arch::Direction::value || prototype->set.empty() ||
        std::find(kFreeSets.begin(), kFreeSets.end(), prototype->set) != kFreeSets.end())
      continue;
    out.push_back(equal_to(arg, call.args[arg], prototype->width_bits));
  }
  return out;
}

Cube cube(const policy::Call& call, const std::vector<policy::Condition>& pins,
          const std::vector<arch::Arch>& architectures) {
  Cube out;
  policy::Builder builder(policy::kKillProcess);
  std::map<policy::AuditArch, std::map<policy::SyscallNr, policy::Decision>> decisions;
  const auto add = [&](policy::AuditArch audit, policy::SyscallNr nr, std::vector<policy::Condition> conditions) {
    policy::Decision& decision = decisions[audit][nr];
    decision.otherwise = policy::kKillProcess;
    if (conditions.empty())
      decision = {{}, policy::kAllow};
    else
      decision.clauses.push_back({std::move(conditions), policy::kAllow});
  };
  const auto id = arch::find_name(arch::name_of_call(call.audit, call.nr));
  if (!id) {
    add(call.audit, call.nr, pins);
  } else {
    for (const arch::Arch which : architectures) {
      const policy::AuditArch audit = arch::info(which).audit;
      const auto nr = arch::number(which, *id);
      const auto through = arch::multiplexed(which, *id);
      if (nr) add(audit, *nr, pins);
      if (nr || through) out.archs.push_back(which);
      if (!through) continue;
      const auto multiplexer = arch::number(which, through->multiplexer);
      if (!multiplexer) continue;
      add(audit, *multiplexer, {{0, policy::Op::masked_eq, through->selector, through->mask}});
      out.multiplexers.emplace_back(arch::name(through->multiplexer));
    }
  }
  for (auto& [audit, calls] : decisions) {
    builder.arch(audit, policy::kKillProcess);
    for (auto& [nr, decision] : calls) builder.call(audit, nr, policy::simplify(std::move(decision)));
  }
  out.policy = builder.finish();
  return out;
}

}  // namespace callgate::why
