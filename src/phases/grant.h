// What the start-up filter grants beyond its profile, so that a tracer can put the next filter into the process: three
// calls, each with exact arguments and a random number in a register that the kernel does not look at. The program
// never sees that number, and one who knew it would have won nothing: a piece of private memory that is not
// executable, its release, and a further filter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "policy/algebra.h"
#include "policy/policy.h"
#include "tracee/host/registers.h"

namespace callgate::phases {

struct Grant {
  std::uint64_t secret = 0;
  std::uint32_t filter_flags = 0;  // of the next filter; SECCOMP_FILTER_FLAG_TSYNC is added

  // The arguments of each call, as the tracer makes it; `audit`: 32-bit calls have the number in two halves.
  tracee::host::Arguments map(std::uint32_t audit, std::uint64_t bytes) const;
  tracee::host::Arguments unmap(std::uint32_t audit, std::uint64_t address, std::uint64_t bytes) const;
  tracee::host::Arguments load(std::uint32_t audit, std::uint64_t program) const;
};
// "mmap", or "mmap2" where mmap takes its arguments in memory.
std::string_view map_call(std::uint32_t audit);

base::Result<Grant> random_grant(std::uint32_t filter_flags);
// `policy`, and what the grant adds. Error: limit.
base::Result<policy::Policy> with_grant(const policy::Policy& policy, const Grant& grant);

}  // namespace callgate::phases
