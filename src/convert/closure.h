// Closures (closure/closure.h) as a format that is read: what the phase's filter must answer. Of a file a phase is
// chosen by its name: "closure.json#serving".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "closure/closure.h"
#include "convert/formats.h"

namespace callgate::convert {

extern const Format kClosure;

Reading reading_of(const closure::Closure& closure, std::optional<closure::Phase> phase);

}  // namespace callgate::convert
