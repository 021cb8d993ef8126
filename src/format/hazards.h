// Warnings about what libseccomp does with several rules on one call, and with arguments on 32-bit and multiplexing
// architectures. Nothing here changes the policy.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "format/fields.h"
#include "format/lower.h"

namespace callgate::format {

void warn_of_hazards(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
                     const std::vector<arch::Arch>& architectures, Reporter& report);

}  // namespace callgate::format
