// What a writer works from: a policy taken apart by architecture and name, sorted as a person would write it.
//
// An outline says everything the policy says. Per architecture (x32 apart from x86_64): what most numbers get, the
// named calls that get something else, grouped by what they get, the numbers without a name that do, and what all
// numbers above the last call get (runc's ENOSYS). Beside them: what tokens get that no architecture of the outline
// has. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/calls.h"
#include "format/profile.h"
#include "policy/policy.h"

namespace callgate::convert {

// What people wrote beside the rules, without the comment signs. A comment that stands over a group of calls is kept
// for each of them.
struct Comments {
  std::vector<std::string> file;  // at the head of the file, line by line
  std::map<std::string, std::vector<std::string>, std::less<>> by_call;
  bool empty() const { return file.empty() && by_call.empty(); }
  // The texts of a call as one line, joined by "; ".
  std::string of(std::string_view call) const;
  void add(std::string_view call, std::string_view text);
};

// Calls that are treated alike. No call stands in two groups.
struct Group {
  std::vector<std::string_view> calls;  // sorted by name
  policy::Decision decision;
  std::string comment;  // of all its calls: those with another comment stand in another group
};

// Numbers without a name.
struct Unnamed {
  policy::SyscallNr first = 0, last = 0;  // inclusive
  policy::Decision decision;
};

struct ArchOutline {
  arch::Arch arch{};
  policy::Action fallback;
  // Every number of the architecture above `above` gets `action`, which is not the fallback.
  struct Beyond {
    policy::SyscallNr above = 0;
    policy::Action action;
    std::vector<std::string_view> calls;  // the named ones among them, sorted
  };
  std::optional<Beyond> beyond;
  std::vector<Group> groups;     // calls that do not simply get the fallback; unconditional ones first
  std::vector<Unnamed> unnamed;  // that get neither the fallback nor, beyond, its action
  // Named calls that get the fallback, sorted by name (a default that is to be said call by call needs them).
  std::vector<std::string_view> fallback_calls;
};

// A token that belongs to no architecture of the outline.
struct OtherToken {
  policy::AuditArch audit = 0;
  std::vector<policy::Run> runs;  // decisions are the policy's
};

struct Outline {
  std::vector<ArchOutline> archs;  // the native one first, then as the policy has them
  policy::Action other;            // what most numbers of all other tokens get
  bool other_is_constant = true;
  std::vector<OtherToken> tokens;  // listed tokens without a call table
  Comments comments;

  const ArchOutline* find(arch::Arch arch) const;
};

// `native` comes first if the policy knows it. `fallback`: the default that the source states, where it states one; it
// is taken for an architecture's fallback if any number gets it. `last_named`: the last call that the source names,
// where the runtime's answer for those above depends on it; calls up to it stand in groups even if they get the same.
struct OutlineOptions {
  arch::Arch native = arch::native();
  std::optional<policy::Action> fallback;
  std::vector<format::EnosysAbove> last_named;
};
Outline outline_of(const policy::Policy& policy, const Comments& comments, const OutlineOptions& options);

}  // namespace callgate::convert
