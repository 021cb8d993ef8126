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
// The filters in force in a process, as notes.
int note_filters(Session& session, std::string_view pid, why::Report& report);
// The same, and its denials that the kernel's log still holds.
int look_at_process(Session& session, std::string_view pid, why::Journal& journal, why::Report& report);

// The kernel's log as it is; nothing where it cannot be read.
std::optional<std::string> kernel_log();

// A container's profile, with what denials are held against.
struct ContainerGrounds {
  format::Profile profile;
  why::Grounds grounds;  // points to it
};
int look_at_container(Session& session, const std::string& name, const format::ReadOptions& reading,
                      why::Journal& journal, why::Report& report, ContainerGrounds& grounds);
// The same of what `docker inspect` or `podman inspect` printed of one container.
int look_at_inspected(Session& session, const std::string& path, const format::ReadOptions& reading,
                      why::Journal& journal, why::Report& report, ContainerGrounds& grounds);

}  // namespace callgate::cli
