// callgate run's options about seals, and the plan as text or JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "cli/command.h"
#include "cli/session.h"
#include "sandbox/launch.h"
#include "sandbox/plan.h"

namespace callgate::cli {

inline constexpr auto kSealOptions = std::array<Option, 16>{{
    {"seal", 0, "LIST", "seal the program off: process, memory, file, net, or all; may be repeated", "", true},
    {"cap", 0, "LIST", "capabilities that a sealed program keeps (none if not given)", "", true},
    {"keep-fd", 0, "N", "a file descriptor above 2 that stays open in a sealed program; may be repeated", "", true},
    {"ro", 0, "PATH", "visible and read-only, where it would be hidden; may be repeated", "", true},
    {"rw", 0, "PATH", "visible and writable; may be repeated", "", true},
    {"tmpfs", 0, "DIR", "empty and writable; may be repeated", "", true},
    {"root", 0, "DIR", "the root that the program gets, read-only (/ if not given), or none for an empty one", ""},
    {"net", 0, "WHAT", "the network of a sealed program: none (if not given), its own loopback, or the machine's",
     "none,loopback,host"},
    {"connect", 0, "PORT", "a TCP port that may be connected to, all others may not; may be repeated", "", true},
    {"bind", 0, "PORT", "a TCP port that may be bound, all others may not; may be repeated", "", true},
    {"memory", 0, "SIZE", "memory of all processes together, by a cgroup: bytes, or with K, M or G", ""},
    {"swap", 0, "SIZE", "swap on top of --memory (0 if not given)", ""},
    {"pids", 0, "N", "processes and threads at a time, by a cgroup", ""},
    {"rlimit", 0, "NAME=N", "a limit of each process, as setrlimit(2) has them: nofile=64; may be repeated", "", true},
    {"no-exec-mem", 0, "", "deny memory that can be executed and is no file's", ""},
    {"best-effort", 0, "", "go on without what this machine lacks for a seal, with a warning", ""},
}};

inline constexpr std::array<Option, 1> kPlanOption{{{"plan", 0, "", "print what would be done, and do nothing", ""}}};

// Whether any of them is given.
bool has_seals(const Session& session);
// Fills in `plan.seals`. False if they cannot be: `refusal` says why.
bool add_seals(Session& session, sandbox::Plan& plan, sandbox::Refusal& refusal);
// Fills in `plan.program`, as the sealed program will see it.
std::optional<sandbox::Refusal> find_program(Session& session, sandbox::Plan& plan);
// Removes what was made for the ended program; says so where that cannot be.
void clean_up(Session& session, sandbox::Launched& launched);
// Every step in order.
void print_plan(Session& session, const sandbox::Plan& plan);

}  // namespace callgate::cli
