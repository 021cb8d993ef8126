// Decisions over the low 32 bits of each argument, said in conditions over all 64.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "policy/policy.h"

namespace callgate::format {

// The decision that acts on a call as `decision` does when every argument is replaced by its low 32 bits. The only
// conditions of the result are masked_eq ones. With `cut_values` the conditions' values are cut to 32 bits first, as
// libseccomp has it.
policy::Decision narrow_to_low_words(const policy::Decision& decision, bool cut_values);

}  // namespace callgate::format
