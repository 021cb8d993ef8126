// $VAR, ${VAR}, ${VAR:-default} and their kin in one string, as compose-go's template package replaces them, its
// corners included. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace callgate::compose {

using Environment = std::map<std::string, std::string, std::less<>>;
// Nothing where the variable is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view)>;

struct SubstitutionFailure {
  enum class Kind { invalid_template, required, limit } kind = Kind::invalid_template;
  std::string text;  // the template, or what is required and why
};

// Appends the names of variables that are not set and have no default to `unset`.
tl::expected<std::string, SubstitutionFailure> substitute(std::string_view text, const Lookup& lookup,
                                                          std::vector<std::string>& unset);

}  // namespace callgate::compose
