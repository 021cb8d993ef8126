// Relative paths of a model made absolute, where Compose does it (security_opt is not among them).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "compose/value.h"

namespace callgate::compose {

Loaded<bool> resolve_paths(Value& model, const std::string& working_directory,
                           const std::function<std::string(const std::string&)>& expand_user);

}  // namespace callgate::compose
