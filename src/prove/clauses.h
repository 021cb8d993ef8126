// A diagram as a decision: clauses in order, the first match wins.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "prove/diagram.h"

namespace callgate::prove {

// Nothing if it takes more than policy::kMaxClauses clauses.
std::optional<policy::Decision> decision_of(const Diagrams& diagrams, NodeId root);

}  // namespace callgate::prove
