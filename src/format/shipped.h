// The profiles that callgate ships (profiles/*.json), held in the program: they are at hand by name wherever it runs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace callgate::format {

struct ShippedProfile {
  std::string_view name, what;  // "basic-fixed"; what it is, in a line
  std::string_view text;        // the file, byte by byte
};

std::span<const ShippedProfile> shipped_profiles();  // sorted by name
const ShippedProfile* find_shipped(std::string_view name);

}  // namespace callgate::format
