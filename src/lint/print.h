// Reports as text, JSON, SARIF 2.1.0 and GitHub's workflow commands.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json_write.h"
#include "lint/lint.h"

namespace callgate::lint {

// "docker: x86_64 mount(…) → ALLOW", and the other half of a contrast.
std::string describe(const Witness& witness);

std::string to_text(const Report& report, bool colour);
// The members "findings", "suppressed" and "profiles" of an object that is begun.
void to_json(std::span<const Report> reports, base::JsonWriter& json);
// A whole SARIF log. Columns count characters (unicodeCodePoints).
std::string to_sarif(std::span<const Report> reports, std::string_view version);
// A line `::error file=…,line=…::…` a finding.
std::string to_github(std::span<const Report> reports);
// The table of rules: id, level and title.
std::string rules_text();
void rules_json(base::JsonWriter& json);

}  // namespace callgate::lint
