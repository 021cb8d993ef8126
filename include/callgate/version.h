// The library's version. SemVer: before 1.0 a minor version may change this interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace callgate {

/// The version of these headers.
inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;

/// The version of the library that was linked: "0.1.0".
std::string_view version();

}  // namespace callgate
