// What a program was seen to do, as values: a recording is a list of runs, a run is what one program and all that it
// started did. Nothing here needs the machinery that records; readers of files use this folder alone.
//
// A recording is evidence that calls are made, never that others are not: another run may make more. `complete` says
// that within this run none was missed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arch/arch.h"

namespace callgate::recording {

// A process starts up until it comes to serve (ServingAt). Children inherit the phase, an execve begins anew. A server
// is a process that listened or accepted by a call of its own, with all that it starts: once SIGTERM, SIGINT or SIGQUIT
// was sent to that process, and is not ignored, all that the server does is its shutdown.
enum class Phase : std::uint8_t { start, serving, shutdown };
inline constexpr std::size_t kPhaseCount = 3;
std::string_view name(Phase phase);
std::optional<Phase> find_phase(std::string_view name);

// Where serving begins, as points of `callgate run --switch-at`.
//   listen   after the first call that listens or accepts
//   accept   with the first call that accepts, or that waits (poll, select, epoll) once the process, or one that it
//            descends from, listens, or did so before it executed its program
enum class ServingAt : std::uint8_t { listen, accept };
std::string_view name(ServingAt at);
std::optional<ServingAt> find_serving_at(std::string_view name);

// How it was recorded.
//   ebpf     programs in the kernel; nothing between the program and the kernel
//   ptrace   every call stops; slow, needs no rights
enum class Source : std::uint8_t { ebpf, ptrace };
std::string_view name(Source source);
std::optional<Source> find_source(std::string_view name);

// An executable file; images are numbered from 1 on, 0 stands for one that is not known.
struct Image {
  std::uint32_t number = 0;
  std::string path;            // as it was executed
  std::string script;          // the script that it was executed for, else empty
  std::string build_id;        // hexadecimal; empty where the file has none or could not be read
  std::uint64_t since_ns = 0;  // first execution, since the run's start
  std::uint32_t parent = 0;    // the image that executed it
  bool operator==(const Image&) const = default;
};

// The first time something was seen.
struct First {
  std::uint64_t ns = 0;  // since the run's start
  std::uint32_t pid = 0, tid = 0;
  std::uint32_t image = 0;
  Phase phase = Phase::start;
  std::string comm;  // the thread's name
  bool operator==(const First&) const = default;
};

// An argument that was looked at, in one phase. `values` holds every value seen, unless there were too many: then
// `any` stands and only the masks bound it.
struct Argument {
  std::uint8_t place = 0;
  Phase phase = Phase::start;
  bool any = false;
  std::vector<std::uint64_t> values;                  // sorted
  std::optional<std::uint64_t> ever_set, ever_clear;  // bits; kept for sets of flags only
  bool operator==(const Argument&) const = default;
};
// More distinct values of an argument than these are told as `any`.
inline constexpr std::size_t kMostValues = 32;

struct Call {
  arch::AuditArch audit = 0;
  arch::SyscallNr nr = 0;
  bool vsyscall = false;                            // by the vsyscall page: filters see it, but it is no system call
  std::array<std::uint64_t, kPhaseCount> counts{};  // by phase
  std::array<bool, kPhaseCount> seen{};             // where counts are not known (vsyscalls, denied calls) only this is
  std::vector<std::uint32_t> images;                // that made it, sorted; 0: one that is not known
  First first;
  std::optional<std::int32_t> denied;  // a filter or tracer refused it at least once; what the caller got first
  bool namespaces = false;             // it made a task with namespaces of its own, in the same user namespace
  std::vector<Argument> arguments;     // by place and phase
  bool operator==(const Call&) const = default;
};

// A Linux capability that the kernel asked for on behalf of the program.
struct Capability {
  std::uint8_t number = 0;
  bool granted = false;
  std::optional<std::pair<arch::AuditArch, arch::SyscallNr>> call;  // under way at that moment
  First first;
  bool operator==(const Capability&) const = default;
};

// An operation of io_uring, which no filter sees.
struct UringOperation {
  std::uint8_t opcode = 0;
  std::array<bool, kPhaseCount> seen{};
  bool operator==(const UringOperation&) const = default;
};

// A call of a container's runtime: made by the process that became the container's, before it executed the container's
// program. Kept apart from the program's own calls.
struct RuntimeCall {
  arch::AuditArch audit = 0;
  arch::SyscallNr nr = 0;
  bool filtered = false;  // made with the container's filter in force: a profile must allow it
  bool operator==(const RuntimeCall&) const = default;
};

// Who was recorded, where it was a container. What could not be told is empty.
struct Container {
  std::string engine, id, name;
  std::string image, image_id, image_digest;  // as asked for; of its configuration; of its manifest ("sha256:…")
  std::string project, service;               // of Docker Compose
  std::optional<std::uint64_t> bounding;      // the capabilities that it may have at most, a bit each
  bool operator==(const Container&) const = default;
};

// How often calls came again, counted by windows of time while serving (the units of Chao's estimate of what was not
// seen).
struct Convergence {
  std::uint64_t windows = 0, window_ns = 0;
  std::uint64_t once = 0, twice = 0;  // calls that were made in one window only, in two
  bool operator==(const Convergence&) const = default;
};
// How many calls more are to be expected if the same goes on for long; a lower bound, and nothing for fewer than ten
// windows.
std::optional<double> unseen(const Convergence& convergence);

// Ways in which something can be missing, by name ("tasks"), with how often it happened.
struct Loss {
  std::string what;
  std::uint64_t count = 0;
  bool operator==(const Loss&) const = default;
};

// What this way of recording cannot see; of a complete run, too.
//   denied      calls that a filter refused (they never began)
//   vsyscalls, io_uring, capabilities   this kernel, or this way of recording, does not tell
//   shutdown    earlier versions did not tell it apart: what belongs to it counts as serving
enum class Blind : std::uint8_t { denied, vsyscalls, io_uring, capabilities, shutdown };
std::string_view name(Blind blind);
std::optional<Blind> find_blind(std::string_view name);

struct Run {
  std::string id;  // 32 hexadecimal digits, random
  std::string tool;
  Source source = Source::ebpf;
  std::vector<std::string> command;
  arch::Arch arch = arch::Arch::x86_64;  // of the machine
  std::string kernel, host;              // as uname tells
  std::uint32_t uid = 0;
  std::string started;  // UTC, "2026-01-31T23:59:59Z"
  bool with_arguments = false;
  ServingAt serving_at = ServingAt::listen;
  // This many calls, known from earlier runs, were let through unseen: the run tells only the others.
  std::uint32_t known = 0;
  // It ran under a profile, and tells only the calls which that refused, or would have refused.
  bool only_refused = false;
  // It begins and ends at some moment of the program's life; `command` names what was attached to.
  bool attached = false;

  std::optional<Container> container;

  std::vector<Image> images;  // by number
  std::vector<Call> calls;    // by architecture and number
  std::vector<Capability> capabilities;
  std::vector<UringOperation> uring;
  std::vector<RuntimeCall> runtime;  // by architecture, number, before and under the filter

  bool finished = false;  // the recorder saw the last task end; false: it was told to stop, or died
  bool complete = false;  // finished or attached, and nothing was lost
  std::vector<Loss> losses;
  std::vector<Loss> overflow;  // details beyond what fits ("images", "values"): calls are complete all the same
  std::optional<Convergence> convergence;
  std::vector<Blind> blind;
  std::uint64_t tasks = 0, duration_ns = 0;
  int exit_status = 0, signal = 0;  // of the program, as a shell has it
  bool operator==(const Run&) const = default;
};

struct Recording {
  std::vector<Run> runs;
};

// All calls of all runs: counts are added, evidence is the first run's that has any, images are left out (numbers are
// a run's own). Sorted by architecture and number.
std::vector<Call> merge_calls(const Recording& recording);
// `more`, seen in addition to `into`, which has the same place and phase.
void merge(Argument& into, const Argument& more);
// Call, by whatever name the tables have: "openat"; "#999" for a number without one.
std::string call_name(arch::AuditArch audit, arch::SyscallNr nr);
// Linux' names of capabilities, "CAP_SYS_ADMIN"; "CAP_41" for one that is not known.
std::string capability_name(std::uint8_t number);
// Linux' names of operations of io_uring, "IORING_OP_SOCKET"; "IORING_OP_200" for one that is not known.
std::string uring_name(std::uint8_t opcode);
// A run is complete if it is finished (an attached one: always) and every loss is 0.
void settle(Run& run);

}  // namespace callgate::recording
