// One policy held against everything that claims to equal it: the compiled filter under the simulator, the kernel's
// load checks, the prover, and the live kernel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::test_support {

// GoogleTest fatal failures inside; call through ASSERT_NO_FATAL_FAILURE. `made` counts calls made on the live kernel.

// Compiles, checks, proves, and compares the simulator with the oracle on `calls`; gives the program.
void expect_compiled(const policy::Policy& policy, const std::vector<policy::Call>& calls, bpf::Program& program);
// Every return marked by an ERRNO of its own: all actions are told apart and no child dies.
void expect_live_marked(const policy::Policy& policy, const bpf::Program& program,
                        const std::vector<policy::Call>& calls, std::size_t& made);
// The filter as it is, deaths and all; at most a few calls that kill.
void expect_live_exact(const policy::Policy& policy, const bpf::Program& program, std::vector<policy::Call> calls,
                       std::size_t& made);
// Those of `calls` that can be made here (i386 arguments cut to 32 bits), at most `limit`, spread evenly.
std::vector<policy::Call> makeable(std::vector<policy::Call> calls, std::size_t limit);

}  // namespace callgate::test_support
