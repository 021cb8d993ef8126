// Where a call's arguments are not what its prototype (prototype.h, of x86_64) says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arch/calls.h"

namespace callgate::arch {

// On i386 some calls take a pointer to all of their arguments, or 64-bit numbers in two registers.
bool takes_arguments_otherwise(Arch arch, NameId id);

}  // namespace callgate::arch
