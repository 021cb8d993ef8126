// Answers of a scan as text and as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/json_write.h"
#include "scan/scan.h"

namespace callgate::cli {

// The call's name, its number where it has none.
std::string scanned_call_name(arch::Arch arch, std::uint32_t nr);
// A call as --why and --graph name it: its number depends on whose program it is.
struct AskedCall {
  std::string name;
  std::optional<std::uint32_t> number;  // given as one
  std::optional<std::uint32_t> of(arch::Arch arch) const;
};
std::string scan_in_text(const scan::Answer& answer);
// `more` adds members at the end of the object.
void scan_in_json(const scan::Answer& answer, base::JsonWriter& json,
                  const std::function<void(base::JsonWriter&)>& more = {});
std::string scan_why_text(const scan::Answer& answer, const AskedCall& asked);
void scan_why_json(const scan::Answer& answer, const AskedCall& asked, base::JsonWriter& json);

}  // namespace callgate::cli
