// `record` between an engine and its runtime: as the hook that a runtime calls for each container, and as a runtime
// that adds this hook and hands on to the real one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"

namespace callgate::cli {

// --oci-hook: the container whose state is on standard input. Comes back once it is recorded, while a process of ours
// goes on recording until it ends. In that process it comes back, too, with the status to end with.
int record_from_hook(Session& session);
// --oci-runtime: comes back only if something is wrong.
int record_as_runtime(Session& session);

}  // namespace callgate::cli
