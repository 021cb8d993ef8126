// What PROFILE and FILTER stand for on a command line, told apart by content: a profile file, a built-in profile, a
// file of filter records, or the filters of a live process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpf/program.h"
#include "cli/session.h"
#include "convert/convert.h"
#include "format/profile.h"

namespace callgate::cli {

struct Subject {
  std::string name;                 // as typed
  bool built_in = false;            // an engine's default profile, as tables
  bool is_policy = true;            // else `stack` counts
  bool by_engine = false;           // what it means depends on the engine that reads it (--as)
  format::Profile profile;          // its policy and what the reader knows beside it
  std::vector<bpf::Program> stack;  // newest first; never empty if it counts
  policy::Action act(const policy::Call& call) const;
  // What it does as one policy: its own, or that of its filters, decompiled. Errors: see prove/decompile.h.
  base::Result<policy::Policy> as_policy() const;
};

// --as, --caps, --kernel, --arch, --native, --strict. Nothing if one is wrong (diagnosed as usage).
std::optional<format::ReadOptions> read_options(Session& session);

// Microseconds: getting the bytes, and making a policy of them.
struct LoadTimes {
  double read = 0, resolve = 0;
};
// On failure nothing, and `status` is what the command ends with.
std::optional<Subject> load(Session& session, const std::string& name, const format::ReadOptions& options, int& status,
                            LoadTimes* times = nullptr);

// The file of "FILE#NAME", which chooses one of several profiles in a file; a file of that very name comes first.
std::string file_of(const std::string& name);

// A profile file of any format, told by its content unless `format` is given; "FILE#NAME" chooses one of several in a
// file. Nothing if it cannot be read (diagnosed).
std::optional<convert::Reading> read_any(Session& session, const std::string& name, const format::ReadOptions& options,
                                         const convert::Format* format = nullptr);

// A profile that is to be deployed, as its engine reads it; nothing (diagnosed) if the engine would refuse it or,
// without
// --force, would run containers without a filter.
std::optional<format::Profile> sound_profile(Session& session, const base::SourceFile& file,
                                             const format::ReadOptions& reading);

// Whether records are in the other byte order than this machine's (--byte-order).
bool swapped(const Session& session);

// Filter records, checked as the kernel would (diagnosed). `keep_refused` gives a program that failed only those
// checks.
std::optional<bpf::Program> read_filter(Session& session, const base::SourceFile& file, bool keep_refused = false);
// Programs as a JSON object of the output's schema.
std::string filters_json(const Session& session, std::span<const bpf::Program> programs);
// pid:N. Nothing if `name` is none; a failure is in `status`.
bool is_process(std::string_view name);
std::optional<std::vector<bpf::Program>> read_process(Session& session, std::string_view name, int& status);

// Text with a NUL byte in it is no profile; sock_filter records are full of them.
bool looks_like_filter(const base::SourceFile& file);

}  // namespace callgate::cli
