// Ordered decisions as rules whose order does not matter, for formats that know no order: libseccomp's profiles, CRDs,
// seccompiler. Negations are said by complementary conditions, ranges by masks where one condition an argument is all
// that a rule may have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "policy/region.h"

namespace callgate::convert {

struct RuleForm {
  // A rule may have one condition for each argument (runc and crun join those of one argument by OR).
  bool one_condition_each = true;
  std::size_t most_rules = 32;
};

// Rules that together say `decision` beside a default of `fallback`: a call gets the action of any rule that holds for
// it, the fallback if none does. Rules of different actions never hold at once, and no rule has the fallback's action.
// Nothing if that takes more than `most_rules`.
std::optional<std::vector<policy::Clause>> order_free(const policy::Decision& decision, policy::Action fallback,
                                                      const RuleForm& form = {});

// Conjunctions of conditions on argument `arg` that together are `region`, which is not empty; an empty conjunction
// always holds. Disjoint. Nothing if that takes more than form.most_rules.
std::optional<std::vector<std::vector<policy::Condition>>> conjunctions(const policy::ArgRegion& region,
                                                                        std::uint8_t arg, const RuleForm& form);

}  // namespace callgate::convert
