// What a person wrote where an engine wants a profile, and what was probably meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/source.h"
#include "manifest/answer.h"

namespace callgate::review {

// The bytes of the value itself: of `"seccomp=default"` and of `--security-opt=seccomp:default` what stands behind
// "seccomp" and its separator, of a scalar what is between its quotes.
base::Span value_at(base::Span place);

// The word that the container's engine knows and that `written` equals but for its case: "Unconfined" for "unconfined".
std::optional<std::string_view> in_right_case(std::string_view written, const manifest::Container& container);
// Whether it reads like a name for a default profile, or for none, that the engine takes for a file: "default",
// "runtime/default", "none".
bool is_keyword(std::string_view written);

}  // namespace callgate::review
