// A profile's object → what its format's reader hands to the runtime: moby/profiles' and containers/common's rules
// (archMap, includes, excludes, the old name, error names), or none of them, as the engine has it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "format/engine.h"
#include "format/fields.h"
#include "format/profile.h"
#include "format/spec.h"

namespace callgate::format {

// `native`: the machine whose archMap entry and `arches` count. The Spec's texts live as long as `root`'s document.
Spec read_spec(text::Node root, const ReadOptions& options, arch::Arch native, Reporter& report);

}  // namespace callgate::format
