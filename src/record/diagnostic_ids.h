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
// There is no such process, container or unit, the directory is none of a cgroup of version 2, or what was waited for
// did not start.
inline constexpr base::DiagnosticId kNothingThere{5255, base::Severity::error, "nothing to attach to"};
// A container ran already when it was found: what it did before was not seen. `record --container` before it starts, or
// the hook, sees all of it.
inline constexpr base::DiagnosticId kLate{5256, base::Severity::warning, "recording begun after the start"};
// A container ended before its runtime executed its program, which so made no call at all. `callgate why --container`
// tells more.
inline constexpr base::DiagnosticId kNeverBegan{5257, base::Severity::error, "container that never began"};
// What a runtime handed to the hook, or the configuration that it was to get, is not what the OCI specification says.
inline constexpr base::DiagnosticId kBadBundle{5258, base::Severity::error, "bad OCI state or bundle"};

}  // namespace callgate::record
