// Closures as files: one JSON object, described in docs/closure.md. What is read has been checked: numbers against
// names, values against their masks; a later version is refused.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/json_write.h"
#include "closure/closure.h"

namespace callgate::closure {

// 1 had no shutdown.
inline constexpr std::uint64_t kVersion = 2, kEarliestVersion = 1;

std::string to_json(const Closure& closure);
// Whether the text begins like a closure.
bool looks_like_closure(std::string_view text);
// Nothing if it is wrong (diagnosed).
std::optional<Closure> read(const base::SourceFile& file, base::Diagnostics& diagnostics);

}  // namespace callgate::closure
