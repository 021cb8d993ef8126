// What the rules on one call number come to: their conditions as libseccomp (or the specification) reads them, and the
// decision they make together.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "format/lower.h"

namespace callgate::format {

// One mention of a call. Through a multiplexer argument 0 is the selector, whatever the rule asked of it.
struct Mention {
  std::uint32_t name;  // index into Spec::names
  std::optional<std::uint32_t> selector;
};

struct Reading {
  bool libseccomp = true;
  bool low_word = false;  // only the low 32 bits of arguments are compared
};

// The clauses of one rule, in order; one without conditions always holds.
std::vector<policy::Clause> clauses_of(const RuntimeRules& rules, const RuntimeRule& rule,
                                       std::optional<std::uint32_t> selector, Reading reading);

// All of them together, conditions still in the terms of `reading` (see narrow.h for low words). Nothing if none of the
// rules counts. libseccomp: the first rule that always holds is the only one left, whatever stands before it
// (db.c, db_rule_add()); otherwise, and for the specification alone, the first that holds decides.
std::optional<policy::Decision> decide(const RuntimeRules& rules, const std::vector<SpecName>& names,
                                       const std::vector<Mention>& mentions, Reading reading);

}  // namespace callgate::format
