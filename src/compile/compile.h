// Policy → the smallest and quickest classic BPF filter we can find. Only opcodes that keep the kernel's action cache
// stand on paths that need no argument. Filters are not proved here: see prove/prove.h; the command proves each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"

namespace callgate::compile {

struct Weight {
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;
  double calls = 0;  // relative frequency
};

enum class Objective { balanced, size, speed };

struct Options {
  std::vector<Weight> weights;  // empty: every known call alike
  Objective objective = Objective::balanced;
};

struct Compiled {
  bpf::Program program;
};

// Errors: limit, if the best filter has more than 4096 instructions; the message names the costliest calls.
base::Result<Compiled> compile(const policy::Policy& policy, const Options& options = {});

}  // namespace callgate::compile
