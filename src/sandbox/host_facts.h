// What this machine and this user have, as far as seals need it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/seals.h"

namespace callgate::sandbox {

// Reads /proc and asks the kernel; changes nothing. To be called before files of our own are opened for long.
HostFacts read_host_facts();

}  // namespace callgate::sandbox
