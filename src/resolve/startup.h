// What the container's runtime itself needs between loading the filter and executing the program (arch/startup.h, as
// measured): a filter that refuses it starts no container, and the engine's message seldom says why.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manifest/answer.h"

namespace callgate::resolve {

// Adds a step to every container whose runtime, runc or crun, is refused a call that it needs.
void add_startup_hazards(manifest::Answer& answer);

}  // namespace callgate::resolve
