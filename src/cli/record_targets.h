// What `record` attaches to: processes, cgroups, units, containers, Compose projects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/session.h"
#include "container/find.h"
#include "record/attach.h"
#include "record/record.h"

namespace callgate::cli {

// Which containers, beside --container and --compose.
inline constexpr auto kTargetOptions = std::array<Option, 5>{{
    {"file", 'f', "FILE", "with --compose: the Compose file (looked for as Compose does, if not given)", "", true},
    {"project-name", 'p', "NAME", "with --compose: the project", ""},
    {"wait", 0, "", "wait for a container or services that do not exist yet", ""},
    {"host", 0, "SOCKET", "the engine's unix socket (the usual ones are tried)", ""},
    {"runtime-root", 0, "DIR", "where runc or crun keeps its state (--root); may be repeated", "", true},
}};
inline constexpr auto kRecordingOptions = std::array<Option, 2>{{
    {"progress", 0, "", "tell how recording goes, where standard error is no terminal, too", ""},
    {"method", 0, "HOW", "how to record (ebpf where that can be had, else ptrace, if not given)", "auto,ebpf,ptrace"},
}};
// Of --method.
record::Method method_of(const Arguments& arguments);

// Something that runs, or is waited for: anything but CMD.
bool names_target(const Arguments& arguments);
// One request a recording. Nothing (diagnosed) if what is named cannot be found; `status` then is the exit status.
std::optional<std::vector<record::AttachRequest>> attach_requests(Session& session, int& status);

// A container as it is recorded.
record::Target target_of(const container::Found& found);
// By name or id, at the engine that --host names, else wherever it is known.
class ContainerSearch {
 public:
  explicit ContainerSearch(Session& session);
  // Why an engine that was named did not answer stands in `failure`.
  std::optional<container::Found> find(const std::string& name);
  std::optional<base::Error> failure;
  const std::string& socket() const { return named_; }

 private:
  std::string named_;                 // by --host
  std::vector<std::string> sockets_;  // that exist
  std::vector<std::string> roots_, environment_;
};

}  // namespace callgate::cli
