// Answers of a scan as text and as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/json_write.h"
#include "scan/scan.h"

namespace callgate::cli {

// The call's name, its number where it has none.
std::string scanned_call_name(std::uint32_t nr);
std::string scan_in_text(const scan::Answer& answer);
// `more` adds members at the end of the object.
void scan_in_json(const scan::Answer& answer, base::JsonWriter& json,
                  const std::function<void(base::JsonWriter&)>& more = {});
std::string scan_why_text(const scan::Answer& answer, std::uint32_t nr);
void scan_why_json(const scan::Answer& answer, std::uint32_t nr, base::JsonWriter& json);

}  // namespace callgate::cli
