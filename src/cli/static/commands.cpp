// The commands of callgate-static.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

namespace callgate::cli {

std::span<const Command> commands() {
  return core_commands();
}

}  // namespace callgate::cli
