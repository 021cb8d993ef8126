// Mends a profile: applies the fixes of its findings, one after the other, each only if the file still reads and grants
// nothing more under the chosen engine than before.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lint/lint.h"

namespace callgate::lint {

struct Mended {
  std::string text;                // of the file afterwards
  std::vector<std::string> fixes;  // "legacy-name: write 'names'", in order
};
Mended mend(const base::SourceFile& file, const Options& options);

// The edits done to a text; they may not overlap.
std::string apply_edits(std::string_view text, std::vector<Edit> edits);

// A unified diff with three lines of context; empty if the texts are equal.
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace callgate::lint
