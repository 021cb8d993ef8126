// What a workload needs, as values: which calls in which phase of its life, each with the reason why it stands there;
// which capabilities; what was left out of account. close() (close.h) makes one of recordings, need() (need.h) makes a
// policy of it, file.h writes and reads it (docs/closure.md).
//
//   core      calls that were seen, and what programs cannot do without though it was not seen
//   frontier  calls that the code can come to (callgate scan) and that were never seen
//   outside   all others
//
// A closure of one architecture's programs may hold calls of others: 32-bit programs, recordings of several machines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arch/arch.h"
#include "policy/policy.h"

namespace callgate::closure {

// As recordings tell them apart (recording::Phase).
enum class Phase : std::uint8_t { startup, serving, shutdown };
inline constexpr std::size_t kPhaseCount = 3;
inline constexpr std::array<Phase, kPhaseCount> kAllPhases{Phase::startup, Phase::serving, Phase::shutdown};
std::string_view name(Phase phase);
std::string_view when(Phase phase);  // "while serving"
std::optional<Phase> find_phase(std::string_view name);

// Why a call is part of the core.
//   observed   some run made it
//   kernel     the kernel makes programs call it, or no program can live without
//   runtime    the container runtime calls it under the filter, before the program starts
//   fallback   what the C library calls where a newer call, which was seen, is not to be had
enum class Origin : std::uint8_t { observed, kernel, runtime, fallback };
std::string_view name(Origin origin);
std::optional<Origin> find_origin(std::string_view name);

// What one argument may be, of the bits in `mask`: one of `values` or, where those are empty, any set of the bits of
// `allowed`. Never narrower than what was seen.
struct Pin {
  std::uint8_t place = 0;
  std::uint64_t mask = ~std::uint64_t{0};
  std::vector<std::uint64_t> values;     // sorted, within mask
  std::optional<std::uint64_t> allowed;  // within mask; exactly one of the two is there
  bool operator==(const Pin&) const = default;
};

// What was seen of a call.
struct Evidence {
  std::uint64_t count = 0;            // how often; 0 where it was not counted
  std::uint32_t runs = 0;             // in how many runs
  std::vector<std::string> programs;  // paths; sorted
  std::string thread;                 // the first that made it, by name
  std::uint64_t first_ns = 0;         // when, since the run's start
  bool refused = false;               // a filter or a tracer refused it, every time it was made
  bool vsyscall = false;              // by the vsyscall page only
  bool operator==(const Evidence&) const = default;
};

struct Entry {
  arch::AuditArch audit = 0;
  arch::SyscallNr nr = 0;
  Origin origin = Origin::observed;
  std::string why;        // in words, where it was not observed
  std::vector<Pin> pins;  // all hold; of other arguments nothing is asked
  Evidence evidence;      // where it was observed
  bool operator==(const Entry&) const = default;
};

// A call that the code can come to.
struct Reachable {
  arch::AuditArch audit = 0;
  arch::SyscallNr nr = 0;
  std::string evidence;  // as the scan says: "proved", "assumed: no-dlopen"
  bool operator==(const Reachable&) const = default;
};

struct Capability {
  std::string name;                // "CAP_CHOWN"
  std::vector<std::string> calls;  // during which it was asked for, sorted; "no call" for none
  std::string caution;             // not empty: asked for out of caution only, and why that does no harm
  bool operator==(const Capability&) const = default;
};

// A recording's run that went into it.
struct Source {
  std::string id, started, kernel;
  std::vector<std::string> command;
  arch::Arch arch{};
  std::string incomplete;   // why more may be missing; empty: within the run nothing is
  std::uint32_t known = 0;  // so many calls it let through unseen
  bool with_arguments = false;
  bool operator==(const Source&) const = default;
};

struct Closure {
  std::vector<Source> sources;
  std::array<std::vector<Entry>, kPhaseCount> core;  // by architecture and number
  std::vector<Reachable> frontier;                   // likewise; no call of any core
  bool scanned = false;                              // a scan went into it: what is outside is known to be
  policy::Action on_frontier = policy::kAllow;
  policy::Action outside = policy::make_errno(1);
  // Granted and used; those asked for out of caution beside them. Nothing: no run could see them all.
  std::optional<std::vector<Capability>> capabilities;
  std::vector<std::string> notes;  // what else is to be known, a sentence each
  std::optional<std::size_t> budget;
  bool operator==(const Closure&) const = default;

  const std::vector<Entry>& of(Phase phase) const { return core[static_cast<std::size_t>(phase)]; }
  const Entry* find(Phase phase, arch::AuditArch audit, arch::SyscallNr nr) const;
  std::size_t incomplete() const;  // runs
};

// The calls of a phase that its budget has no place for, those made most rarely; empty if it holds.
std::vector<const Entry*> over_budget(const std::vector<Entry>& core, std::size_t limit);
// "made 12 times by nginx; sockets": where an entry comes from and what it is for.
std::string reason(const Entry& entry);

}  // namespace callgate::closure
