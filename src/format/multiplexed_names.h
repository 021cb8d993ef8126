// The calls that libseccomp also filters through socketcall and ipc (its abi_rule_add()), on architectures that have
// those.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace callgate::format {

inline constexpr std::array<std::string_view, 32> kMultiplexedNames{
    "socket",  "bind",    "connect",  "listen",   "accept",   "getsockname", "getpeername", "socketpair",
    "send",    "recv",    "sendto",   "recvfrom", "shutdown", "setsockopt",  "getsockopt",  "sendmsg",
    "recvmsg", "accept4", "recvmmsg", "sendmmsg", "semop",    "semget",      "semctl",      "semtimedop",
    "msgsnd",  "msgrcv",  "msgget",   "msgctl",   "shmat",    "shmdt",       "shmget",      "shmctl"};

}  // namespace callgate::format
