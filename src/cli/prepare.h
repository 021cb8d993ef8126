// A profile on its way to a filter: compiled, and proved before anyone gets it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/input.h"
#include "cli/stats.h"
#include "compile/compile.h"

namespace callgate::cli {

struct Prepared {
  bpf::Program program;
  std::uint64_t paths = 0;
};
// The number of pairs of paths looked at; nothing if the filter is not proved equal (diagnosed).
std::optional<std::uint64_t> prove_equal(Session& session, const policy::Policy& policy, const bpf::Program& program,
                                         int& status);
// Nothing if the filter is too long, or was not proved (diagnosed; `status` says which).
std::optional<Prepared> compile_and_prove(Session& session, const policy::Policy& policy,
                                          const compile::Options& options, int& status, Phases* phases = nullptr);

}  // namespace callgate::cli
