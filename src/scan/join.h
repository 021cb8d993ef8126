// The answers of two programs of which one executes the other, as one: what either can do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/scan.h"

namespace callgate::scan {

// `answer` keeps its path, build id and interpreter. Values of an argument stay known only where both know them.
void join(Answer& answer, Answer other);

}  // namespace callgate::scan
