// libseccomp as runc and crun drive it, for comparison. Linked into the benchmarks only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "bpf/program.h"
#include "jobs.h"

namespace callgate::bench {

enum class Layout { linear = 1, tree = 2 };  // SCMP_FLTATR_CTL_OPTIMIZE: crun leaves it at 1, runc sets 2

struct LibseccompBuilt {
  bpf::Program program;
  double us = 0;  // adding the rules and exporting the filter; reading the profile is not counted
};
// Nothing if libseccomp cannot make the filter. runc's ENOSYS stub is not part of it.
std::optional<LibseccompBuilt> build_with_libseccomp(const Job& job, const format::Spec& spec, Layout layout);
// "2.5.4".
std::string libseccomp_version();

}  // namespace callgate::bench
