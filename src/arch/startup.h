// Which calls are made before a program's own first one, on x86_64: by container runtimes between loading the filter
// and executing the program, and by C libraries and Go's runtime around `main`. A profile that denies what is needed
// here lets no program live. Measured: data/startup/*.csv, by scripts/measure_startup.py. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace callgate::arch {

struct StartupCall {
  std::string_view name;
  bool always;  // in every start that was looked at; false: in some
  bool needed;  // refused with EPERM, the start failed; false: it went on without
};

struct RuntimeStartup {
  std::string_view runtime, version;  // "runc", "1.1.5"
  // With process.noNewPrivileges the filter is loaded last of all, without it before capabilities and user are set.
  // Docker and Podman start containers without it unless told to.
  bool no_new_privileges;
  std::span<const StartupCall> calls;  // sorted by name; execve is one of them
};

struct ProgramStartup {
  std::string_view libc, version;  // "glibc", "musl" or "go"; "2.36"
  bool dynamic;
  std::span<const StartupCall> calls;  // of a program that only returns its exit status
};

// Sorted by name and version, the newest version last.
std::span<const RuntimeStartup> runtime_startups();
std::span<const ProgramStartup> program_startups();
// The newest version known; null for other runtimes.
const RuntimeStartup* newest_runtime_startup(std::string_view runtime, bool no_new_privileges);
const ProgramStartup* newest_program_startup(std::string_view libc, bool dynamic);

}  // namespace callgate::arch
