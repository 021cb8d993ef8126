// Compilers that are not built here: their filters come as files, or from a command that makes them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "jobs.h"

namespace callgate::bench {

struct Peer {
  std::string name;
  std::string job;      // the job it is measured in
  std::string file;     // raw struct sock_filter records; empty for a command
  std::string command;  // {profile} and {out} stand for paths

  bool takes(const Job& candidate) const { return candidate.name == job; }
  // The filter, made by the command where there is one. Nothing (with a message) if there is none.
  std::optional<bpf::Program> program(const Job& candidate) const;
  // The command as a whole process, in microseconds; nothing for a file, or if it fails.
  std::optional<double> time_command(const Job& candidate) const;
};

// "[JOB:]NAME=VALUE"; nothing if there is no name or value.
std::optional<Peer> parse_peer(const std::string& word, bool is_command);

// "equal on all calls", or a call on which the filter acts differently.
std::string agreement(const policy::Policy& policy, const bpf::Program& program);

}  // namespace callgate::bench
