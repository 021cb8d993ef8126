// What `record` attaches to: processes, cgroups, units, containers, Compose projects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "cli/session.h"
#include "container/find.h"
#include "record/attach.h"

namespace callgate::cli {

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
