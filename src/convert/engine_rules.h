// A policy as a JSON profile or a CRD says one: a default action, architectures, and rules by name that hold on all of
// them. What an engine adds or skips (runc's ENOSYS stub, rules equal to the default) is reckoned with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "convert/formats.h"

namespace callgate::convert {

struct EngineRule {
  std::vector<std::string_view> names;  // sorted
  policy::Action action;
  std::vector<policy::Condition> conditions;  // one an argument, unless the engine is oci
  std::string comment;
  bool operator==(const EngineRule&) const = default;
};

struct EngineRules {
  policy::Action fallback;
  std::vector<arch::Arch> architectures;  // the machine's own first
  std::vector<EngineRule> rules;
  bool operator==(const EngineRules&) const = default;
};

// What a syntax cannot hold, beyond what the engine refuses; empty functions: everything.
struct EngineSyntax {
  std::function<bool(arch::Arch)> has_arch;
  std::function<bool(const policy::Condition&)> has_condition;
  std::function<policy::Action(policy::Action)> nearest;          // the action that is said for this one
  std::function<policy::Action(policy::Action)> nearest_default;  // the same as default
};

// Sets of rules that may say what the outline says, the likeliest first; which one does is found by reading it.
std::vector<EngineRules> engine_rules(const Outline& outline, format::Engine engine, const EngineSyntax& syntax);

// The text that reads back nearest to `source`: equal, else without widening, else with the fewest losses. `render`
// makes the text, `read` reads it; an error if none of them can be read.
base::Result<std::string> best_text(const policy::Policy& source, const std::vector<EngineRules>& candidates,
                                    const std::function<std::string(const EngineRules&)>& render,
                                    const std::function<std::optional<policy::Policy>(const std::string&)>& read);

// The flags to write for that engine; nothing where those it implies are meant (SPEC_ALLOW, for all but oci).
std::optional<std::vector<std::string>> stated_flags(const Reading& reading, format::Engine engine);

// "SCMP_ACT_KILL_THREAD", "SCMP_CMP_EQ".
std::string_view action_word(policy::ActionKind kind);
std::string_view operator_word(policy::Op op);

}  // namespace callgate::convert
