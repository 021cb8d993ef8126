// A filter program → the policy it is: by symbolic execution of every path. What comes out has been proved equal to the
// program; what cannot be decided is an error, never a guess.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/result.h"
#include "bpf/program.h"
#include "policy/policy.h"
#include "prove/prove.h"

namespace callgate::prove {

// The program must pass bpf::check. Errors: unsupported, where the program's arithmetic or size is beyond the method
// (the message says where); limit, if a decision needs too many clauses.
base::Result<policy::Policy> decompile(std::span<const bpf::Insn> program);
// A stack, newest first, as the one policy the kernel makes of it.
base::Result<policy::Policy> decompile(const Stack& stack);

}  // namespace callgate::prove
