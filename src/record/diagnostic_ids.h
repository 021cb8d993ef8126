// What is to be said of a recording while it is made (CG52xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::record {

// This kernel, this build, or our rights do not allow recording by eBPF (it takes CAP_BPF and CAP_PERFMON).
inline constexpr base::DiagnosticId kNoEbpf{5250, base::Severity::error, "no recording by eBPF"};
// There is no eBPF, so every call stops for a tracer: the program runs many times slower, set-user-id programs get no
// rights, and capabilities and operations of io_uring are not seen.
inline constexpr base::DiagnosticId kFellBack{5251, base::Severity::warning, "recording by ptrace"};
// Something was lost, or the recording was ended before the last task had. More calls may have been made than it holds.
inline constexpr base::DiagnosticId kIncomplete{5252, base::Severity::warning, "incomplete recording"};
// A filter is in force on the program: calls that it refuses never begin, and are recorded with --denied only.
inline constexpr base::DiagnosticId kFiltered{5253, base::Severity::warning, "recorded under a filter"};
// No filter judges operations of io_uring: a profile that allows io_uring_setup allows them all.
inline constexpr base::DiagnosticId kUring{5254, base::Severity::warning, "operations of io_uring"};
// There is no such process, or the directory is none of a cgroup of version 2.
inline constexpr base::DiagnosticId kNothingThere{5255, base::Severity::error, "nothing to attach to"};

}  // namespace callgate::record
