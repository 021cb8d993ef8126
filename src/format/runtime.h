// What runc, crun or the specification makes of a Spec: actions resolved, defects and refusals of each applied.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "format/engine.h"
#include "format/fields.h"
#include "format/lower.h"

namespace callgate::format {

// Sets the profile's default action, flags, listener and architectures, and lowers the rules into its policy.
// False if the runtime refuses the profile.
bool make_policy(const Spec& spec, const ReadOptions& options, arch::Arch native, Reporter& report, Profile& profile);

}  // namespace callgate::format
