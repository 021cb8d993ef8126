// Why something was not done, as a launcher tells it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/diagnostic.h"

namespace callgate::sandbox {

// Exit statuses of a launcher, as env(1), nohup(1) and docker-run(1) have them.
inline constexpr int kExitOwnFailure = 125, kExitNotExecutable = 126, kExitNotFound = 127, kExitSignalBase = 128;

// Why no plan could be made, or a launch failed; `exit_status` is what the command ends with.
struct Refusal {
  base::DiagnosticId id;
  int exit_status = kExitOwnFailure;
  std::string message;
  std::string help;
};

}  // namespace callgate::sandbox
