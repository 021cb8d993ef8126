// Where `why` looks for denials when it runs no program itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/input.h"
#include "preflight/trace.h"
#include "why/report.h"

namespace callgate::cli {

// Into the journal and the report's source and notes. The exit status of a failure (diagnosed), else kYes. `kept`
// holds what diagnostics point into.
int read_log(Session& session, std::string_view where, why::Journal& journal, why::Report& report);
int read_strace_log(Session& session, const std::string& path, const Subject* subject, why::Journal& journal,
                    why::Report& report, preflight::KeptLines& kept);
int read_core_file(Session& session, const std::string& path, const Subject* subject, why::Journal& journal,
                   why::Report& report);
// The filters in force in a process, and its denials that the kernel's log still holds.
int look_at_process(Session& session, std::string_view pid, why::Journal& journal, why::Report& report);

}  // namespace callgate::cli
