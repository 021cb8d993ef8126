// What a profile does with a call and why, and what all of it means, as values that text and JSON are printed from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arch/calls.h"
#include "cli/prepare.h"

namespace callgate::cli {

struct RuleExplanation {
  std::string place;  // "web.json:14:26"
  std::string when;   // "always", or the conditions in words
  policy::Action action;
};

struct CallExplanation {
  arch::Arch arch{};
  policy::SyscallNr nr = 0;
  std::string name, engine;
  std::vector<RuleExplanation> rules;  // as written, in the order in which they are tried
  std::optional<policy::SyscallNr> enosys_above;
  std::vector<std::string> decision;  // what results: "family == AF_VSOCK → ERRNO(1)", "otherwise → ALLOW"
  std::string default_place;
  bool cached = false;
  std::string cache;  // the same in words
};

struct ArchSummary {
  arch::Arch arch{};
  std::map<policy::Action, std::vector<std::string>> actions;                 // calls by name
  std::vector<std::pair<std::string, std::vector<std::string>>> conditional;  // decided by arguments
  std::vector<std::string> unnamed;                                           // numbers without a name, in words
};

// Makes a policy of a subject's filters, with the architectures for which they say something of their own; the stack
// stays what counts. Errors: see prove/decompile.h.
base::Result<bool> decompile_into(Subject& subject);
// The filter that says what the kernel caches: the subject's own, or one compiled from its policy.
std::optional<std::vector<bpf::Program>> filter_of(Session& session, const Subject& subject, int& status);
CallExplanation explain(const Subject& subject, const format::ReadOptions& options,
                        const std::vector<bpf::Program>& filters, arch::Arch which, policy::SyscallNr nr);
ArchSummary summarize(const policy::Policy& policy, arch::Arch which);
// Words in columns of 100 characters, every line indented.
std::string columns(const std::vector<std::string>& words, std::size_t indent);

}  // namespace callgate::cli
