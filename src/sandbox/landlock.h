// Landlock's newer access rights, which the system's header may lack (Linux uapi/linux/landlock.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace callgate::sandbox {

inline constexpr std::uint64_t kLandlockTruncate = std::uint64_t{1} << 14;     // since version 3
inline constexpr std::uint64_t kLandlockIoctlDevice = std::uint64_t{1} << 15;  // since version 5
inline constexpr std::uint64_t kLandlockBindTcp = 1, kLandlockConnectTcp = 2;  // of the network, since version 4
// Kept within the processes that share the rules, since version 6.
inline constexpr std::uint64_t kLandlockScopeSockets = 1, kLandlockScopeSignals = 2;
inline constexpr int kLandlockNetworkSince = 4, kLandlockScopesSince = 6;

}  // namespace callgate::sandbox
