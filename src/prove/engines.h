// The two ways a question is decided, apart, so that each can be tested against the other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "prove/machine.h"

namespace callgate::prove {

// Nothing if a program leaves the simple shape.
std::optional<Outcome> decide_simple(const Question& question, const Limits& limits);
// Takes every program.
Outcome decide_general(const Question& question, const Limits& limits);
Outcome decide(const Question& question, const Limits& limits);

}  // namespace callgate::prove
