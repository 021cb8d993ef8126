// The engines' default profiles, as tables of facts (data/defaults/*.csv).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "format/profile.h"
#include "format/spec.h"

namespace callgate::format {

// What that engine's reader hands to its runtime on this machine; nothing for other names.
std::optional<Spec> builtin_spec(std::string_view name, const ReadOptions& options, arch::Arch native);

}  // namespace callgate::format
