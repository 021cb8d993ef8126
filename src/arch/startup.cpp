// SPDX-License-Identifier: Apache-2.0
#include "arch/startup.h"

#include <array>

namespace callgate::arch {

namespace {

#include "arch/startup.inc"

}  // namespace

std::span<const RuntimeStartup> runtime_startups() {
  return kRuntimes;
}

std::span<const ProgramStartup> program_startups() {
  return kPrograms;
}

const RuntimeStartup* newest_runtime_startup(std::string_view runtime, bool no_new_privileges) {
  const RuntimeStartup* found = nullptr;
  for (const RuntimeStartup& each : kRuntimes)
    if (each.runtime == runtime && each.no_new_privileges == no_new_privileges) found = &each;
  return found;
}

const ProgramStartup* newest_program_startup(std::string_view libc, bool dynamic) {
  const ProgramStartup* found = nullptr;
  for (const ProgramStartup& each : kPrograms)
    if (each.libc == libc && each.dynamic == dynamic) found = &each;
  return found;
}

}  // namespace callgate::arch
