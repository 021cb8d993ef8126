// Relative paths of a model made absolute, where Compose does it (security_opt is not among them), and what paths say.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "compose/value.h"

namespace callgate::compose {

// "/a/b" is "/a", "b" is ".".
std::string directory_of(const std::string& path);
enum class Found : std::uint8_t { nothing, directory, file };
Found look_at(const std::string& path);
// A file that Compose would download: from Git or an OCI registry.
bool is_remote_file(std::string_view path);

Loaded<bool> resolve_paths(Value& model, const std::string& working_directory,
                           const std::function<std::string(const std::string&)>& expand_user);

}  // namespace callgate::compose
