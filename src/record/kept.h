// Which arguments of which calls are worth keeping: those with named constants. Pointers, descriptors and sizes are
// not, and registers beyond a call's arguments hold whatever was there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "arch/calls.h"

namespace callgate::record {

// In the form of recorder_config.calls (bpf/recorder.h): two bits an argument (values, masks), then six bits for those
// of 32 bits; the top bit for calls with which serving begins. `arch`: x86_64 or x86.
std::uint32_t kept_arguments(arch::Arch arch, arch::SyscallNr nr);

}  // namespace callgate::record
