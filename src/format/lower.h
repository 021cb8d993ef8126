// The rules a runtime adds to its filter → the exact policy: libseccomp's reckoning (or the specification's alone),
// runc's ENOSYS stub folded in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "format/name_chains.h"
#include "format/profile.h"
#include "format/spec.h"

namespace callgate::format {

// One rule ready to be added; its names are those of Spec::names with the same index.
struct RuntimeRule {
  policy::Action action;
  bool active = true;  // false: equals the default and is skipped
  bool any = false;    // the conditions are joined by OR, each a rule of its own
  Slice conditions;    // of RuntimeRules::conditions
  base::Span span;
};

struct RuntimeRules {
  policy::Action fallback;
  std::vector<RuntimeRule> rules;
  std::vector<policy::Condition> conditions;  // masked_eq: the value as written, not yet cut to its mask
};

struct LowerOptions {
  std::vector<arch::Arch> architectures;
  bool libseccomp = true;  // false: the specification alone
  bool origins = false;
  bool stub = false;                   // runc's ENOSYS stub
  std::vector<arch::Arch> stub_skips;  // architectures it leaves out
  // A call that an architecture got later has no number there yet: libseccomp adds no rule for it.
  std::optional<arch::KernelVersion> library_knows;
};

// Fills policy, origins and enosys.
void lower(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
           const LowerOptions& options, Profile& profile);

}  // namespace callgate::format
