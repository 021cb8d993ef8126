// The filter of a recording by ptrace.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>

#include "arch/arch.h"
#include "bpf/program.h"

namespace callgate::record {

// Answers TRACE to every call but the `known` ones, which it allows (and the kernel caches that). What does not fit
// (BPF_MAXINSNS) is traced.
bpf::Program tracing_filter(std::span<const std::pair<arch::AuditArch, arch::SyscallNr>> known);

}  // namespace callgate::record
