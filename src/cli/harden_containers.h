// `harden` of containers, which others start: a container (--container) or each service of a Compose project. Each call
// records what is there now. What that is counted for, its filter decides: neither of ours in force, and it is one more
// recording; trial.json, and it is a run in log mode; profile.json, and what is denied is looked for. Then all is
// closed and proved again, and it is told how to go on. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/harden_loop.h"

namespace callgate::cli {

// The exit status.
int harden_containers(Session& session, const HardenOptions& options);

}  // namespace callgate::cli
