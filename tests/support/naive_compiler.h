// The obviously correct compiler: one JEQ chain over the numbers, clauses one after the other, every jump a JA. Makes
// long, slow filters that other engines and the prover are tested against.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::test_support {

// Nothing if the program would exceed 4096 instructions.
std::optional<bpf::Program> compile_naively(const policy::Policy& policy);

}  // namespace callgate::test_support
