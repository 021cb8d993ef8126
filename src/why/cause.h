// Which part of a profile decided a call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "format/profile.h"

namespace callgate::why {

enum class CauseKind : std::uint8_t {
  rule,            // the first one that holds
  default_action,  // no rule holds
  architecture,    // the profile does not list the call's
  runtime_stub,    // runc answers ENOSYS to calls newer than all that the profile names
  seal,            // what the sandbox's seals deny, whatever the profile says
  unknown,         // a filter of which no profile is known
};
std::string_view name(CauseKind kind);

struct Cause {
  CauseKind kind = CauseKind::unknown;
  base::Span span;   // the call's name in the rule, or the default; no file: built in
  base::Span rule;   // the rule's object
  std::string when;  // the rule's conditions in words; empty: always
  // "web.json:14:26"; "built in"; empty where there is no place.
  std::string place() const;
  // "rule web.json:14:26 (family == AF_NETLINK)".
  std::string words() const;
};

// `profile` was read with its origins and answers `action` to `call`, of which the arguments `known` are known.
Cause find_cause(const format::Profile& profile, const policy::Call& call, std::uint8_t known, policy::Action action);

}  // namespace callgate::why
