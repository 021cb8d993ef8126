// What can stop a program from being started, and what became of one that a filter ended (CG50xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::sandbox {

// The filter is in force before the program is: without execve nothing can ever start under this profile.
inline constexpr base::DiagnosticId kCannotStart{5001, base::Severity::error, "the profile lets no program start"};
// No directory of PATH holds a program of that name. Exit status 127.
inline constexpr base::DiagnosticId kNotFound{5002, base::Severity::error, "program not found"};
// There is such a file, but it cannot be executed. Exit status 126.
inline constexpr base::DiagnosticId kNotExecutable{5003, base::Severity::error, "program cannot be executed"};
// A step between fork and exec failed; the message names the step and the kernel's error. Exit status 125.
inline constexpr base::DiagnosticId kStepFailed{5004, base::Severity::error, "a step of the launch failed"};
// The program made a call that the filter answers with KILL_PROCESS, KILL_THREAD or TRAP.
inline constexpr base::DiagnosticId kKilled{5005, base::Severity::error, "killed by the filter"};
// Calls with SCMP_ACT_NOTIFY or SCMP_ACT_TRACE fail with ENOSYS here, for nobody listens.
inline constexpr base::DiagnosticId kNoListener{5006, base::Severity::warning, "nobody answers for these calls"};
// Filters of a live process can be read only by a tracer with CAP_SYS_ADMIN that is under no filter itself.
inline constexpr base::DiagnosticId kCannotDump{5007, base::Severity::error, "filters of a process cannot be read"};

// A seal, or what an option asks of it, is not known, contradicts another, or needs a seal that was not asked for.
inline constexpr base::DiagnosticId kBadSeal{5008, base::Severity::error, "seal that makes no sense"};
// The kernel, the machine's layout or an outer sandbox lacks what a seal needs. Nothing was started.
inline constexpr base::DiagnosticId kCannotSeal{5009, base::Severity::error, "seal that is not possible here"};
// What a seal would have and this machine lacks; the program is started without it. Only with --best-effort, but for
// Landlock, which is the file seal's second wall where the kernel has it.
inline constexpr base::DiagnosticId kLeftOut{5010, base::Severity::warning, "seal without a part of it"};
// The program has ended, but a cgroup made for it is still there: something in it does not end, or the kernel refuses.
inline constexpr base::DiagnosticId kLeftBehind{5011, base::Severity::warning, "something is left behind"};

}  // namespace callgate::sandbox
