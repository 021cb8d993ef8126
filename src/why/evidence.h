// Denials read from what is left after the fact: records of the kernel's audit, a recording by strace.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "base/diagnostic.h"
#include "base/source.h"
#include "preflight/preflight.h"
#include "preflight/trace.h"
#include "sandbox/audit.h"
#include "why/denial.h"

namespace callgate::why {

Denial from_record(const sandbox::AuditRecord& record);
// All records of a text; each event counts once, however often it stands there. `pid`: of that process alone; 0: all.
// The number of records read.
std::size_t read_audit(std::string_view text, Journal& journal, std::uint64_t pid = 0);

// strace's output. A call that SIGSYS came of was denied, whatever the judge says; of the others those are denials that
// the judge would refuse and that failed just so. Without a judge, calls that failed as under a filter (EPERM, ENOSYS)
// are told with no action. Diagnosed as preflight::read_strace does.
void read_recording(const base::SourceFile& file, const preflight::Judge& judge, Journal& journal,
                    preflight::KeptLines& kept, base::Diagnostics& diagnostics);

}  // namespace callgate::why
