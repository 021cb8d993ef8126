// The plan of a launch: a pure value that says all that will be done, made before anything is. Every allocation, search
// and conversion happens here, so that between clone and exec only prepared memory is read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/program.h"
#include "policy/policy.h"
#include "sandbox/seals.h"

namespace callgate::sandbox {

struct Plan {
  std::string program;                   // what execve gets
  std::vector<std::string> argv;         // never empty
  std::vector<std::string> environment;  // NAME=value
  std::optional<bpf::Program> filter;    // nothing: unconfined
  std::uint32_t filter_flags = 0;        // SECCOMP_FILTER_FLAG_*
  std::optional<bpf::Program> guard;     // loaded before `filter`: what the seals deny on top of it
  Seals seals;
  std::vector<std::string> later;  // what the running program is in for, in words
  bool operator==(const Plan&) const = default;
};

// Asks whether `path` can be executed: 0, or the errno execve would give as far as it can be told beforehand.
using ExecProbe = std::function<int(const std::string& path)>;
int probe_executable(const std::string& path);
// The same in a directory that will be the root.
ExecProbe probe_below(const std::string& root);

// The path that execvp would execute. `path_variable` null: the C library's default, /bin:/usr/bin.
std::optional<Refusal> find_program(const std::string& name, const char* path_variable, const ExecProbe& probe,
                                    std::string& found);

// The bits for flag names of a profile. TSYNC says nothing in a process of one thread, and WAIT_KILLABLE_RECV is
// refused by the kernel without a listener: both are left out. SPEC_ALLOW and LOG are passed on.
std::uint32_t filter_flags(std::span<const std::string> names);

// Whether the filter lets execve through, so that the program can start at all; the pointers' values are not known yet
// and count as `path`, `argv`, `envp`.
std::optional<Refusal> check_can_start(std::span<const bpf::Insn> filter, std::uint64_t path = 0,
                                       std::uint64_t argv = 0, std::uint64_t envp = 0);

// "execve (59, x86_64)"; the number alone where the call has no name.
std::string call_text(policy::AuditArch audit, policy::SyscallNr nr);

}  // namespace callgate::sandbox
