// SPDX-License-Identifier: Apache-2.0
#include "format/shipped.h"

#include <array>

namespace callgate::format {

namespace {

#include "format/shipped.inc"

}  // namespace

std::span<const ShippedProfile> shipped_profiles() {
  return kShipped;
}

const ShippedProfile* find_shipped(std::string_view name) {
  for (const ShippedProfile& each : kShipped)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace callgate::format
